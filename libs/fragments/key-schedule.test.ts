import { hkdfSync } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { bytesToHex } from '#crypto';
import { deriveParityMaskKeys, deriveSegmentKeys, recordNonce } from './key-schedule.js';
import { layoutVectors } from './vectors/layout-vectors.js';

const contentKey = new Uint8Array(32).fill(1);
const repairKey = new Uint8Array(32).fill(2);
const segmentId = Uint8Array.from({ length: 16 }, (_, at) => at);

function opensslHkdf(key: Uint8Array, info: string | Uint8Array, length: number): string {
  return Buffer.from(hkdfSync('sha256', key, segmentId, info, length)).toString('hex');
}

describe('key schedule', () => {
  test('is HKDF-SHA256 with the documented labels (OpenSSL agrees)', () => {
    const keys = deriveSegmentKeys(contentKey, segmentId);
    expect(bytesToHex(keys.segmentKey)).toBe(opensslHkdf(contentKey, 'cairn/v1/segment-key', 32));
    expect(bytesToHex(keys.noncePrefix)).toBe(opensslHkdf(contentKey, 'cairn/v1/segment-nonce', 7));
    expect(bytesToHex(keys.paddingKey)).toBe(opensslHkdf(contentKey, 'cairn/v1/segment-padding', 32));
    const info = Buffer.concat([Buffer.from('cairn/v1/parity-mask'), Buffer.from([0, 255])]);
    const masks = deriveParityMaskKeys(repairKey, segmentId, [3, 255]);
    expect(bytesToHex(masks[1] as Uint8Array)).toBe(opensslHkdf(repairKey, info, 32));
    expect(bytesToHex(masks[0] as Uint8Array)).not.toBe(bytesToHex(masks[1] as Uint8Array));
  });

  test('vector', () => {
    const keys = deriveSegmentKeys(contentKey, segmentId);
    expect(bytesToHex(keys.segmentKey)).toBe(layoutVectors.keys.segmentKey);
    expect(bytesToHex(keys.noncePrefix)).toBe(layoutVectors.keys.noncePrefix);
    expect(bytesToHex(keys.paddingKey)).toBe(layoutVectors.keys.paddingKey);
    expect(deriveParityMaskKeys(repairKey, segmentId, [3, 7]).map(bytesToHex)).toEqual([
      layoutVectors.keys.parityMask3,
      layoutVectors.keys.parityMask7,
    ]);
  });

  test('the nonce is prefix, big-endian counter, last flag', () => {
    const prefix = Uint8Array.of(1, 2, 3, 4, 5, 6, 7);
    expect(bytesToHex(recordNonce(prefix, 0, false))).toBe('010203040506070000000000');
    expect(bytesToHex(recordNonce(prefix, 0x01020304, true))).toBe('010203040506070102030401');
  });
});
