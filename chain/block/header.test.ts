import { describe, expect, test } from '@jest/globals';
import { bytesToHex, hexToBytes, nobleCrypto } from '#crypto';
import { bitsToTarget, hashToNumber } from '../pow/target.js';
import type { BlockId } from '../primitives/ids.js';
import { blockIdToHash, decodeHeader, encodeHeader, hashToBlockId, headerHash } from './header.js';

/** Headers of Bitcoin's chain as every explorer shows them. */
const bitcoinHeaders = [
  {
    name: 'block 0',
    hex:
      '0100000000000000000000000000000000000000000000000000000000000000000000003ba3edfd7a7b12b27ac72c3e' +
      '67768f617fc81bc3888a51323a9fb8aa4b1e5e4a29ab5f49ffff001d1dac2b7c',
    id: '000000000019d6689c085ae165831e934ff763ae46a2a6c172b3f1b60a8ce26f',
    time: 1_231_006_505,
    nonce: 2_083_236_893,
  },
  {
    name: 'block 1',
    hex:
      '010000006fe28c0ab6f1b372c1a6a246ae63f74f931e8365e15a089c68d6190000000000982051fd1e4ba744bbbe680e' +
      '1fee14677ba1a3c3540bf7b1cdb606e857233e0e61bc6649ffff001d01e36299',
    id: '00000000839a8e6886ab5951d76f411475428afc90947ee320161bbf18eb6048',
    time: 1_231_469_665,
    nonce: 2_573_394_689,
  },
];

describe('header', () => {
  test.each(bitcoinHeaders)('reads and hashes Bitcoin $name as published', ({ hex, id, time, nonce }) => {
    const header = decodeHeader(hexToBytes(hex));
    if (!header.ok) throw new Error(header.violation.rule);
    expect(header.value).toMatchObject({ version: 1, time, bits: 0x1d00_ffff, nonce });
    expect(bytesToHex(encodeHeader(header.value))).toBe(hex);
    const hash = headerHash(nobleCrypto, header.value);
    expect(hashToBlockId(hash)).toBe(id);
    expect(blockIdToHash(id as BlockId)).toEqual(hash);
    const target = bitsToTarget(header.value.bits);
    expect(target.ok && hashToNumber(hash) <= target.value).toBe(true);
  });

  test('read out of Node’s Buffer it shares no memory with it, and naming a block turns nothing around', () => {
    const hex = bitcoinHeaders[0]?.hex as string;
    const buffer = Buffer.from(hex, 'hex');
    const header = decodeHeader(buffer);
    if (!header.ok) throw new Error(header.violation.rule);
    hashToBlockId(header.value.previous);
    hashToBlockId(buffer.subarray(4, 36));
    expect(buffer.toString('hex')).toBe(hex);
    buffer.fill(0xff);
    expect(bytesToHex(encodeHeader(header.value))).toBe(hex);
  });

  test('is exactly 80 bytes', () => {
    const hex = bitcoinHeaders[0]?.hex as string;
    expect(decodeHeader(hexToBytes(hex.slice(2)))).toMatchObject({ violation: { rule: 'codec/truncated' } });
    expect(decodeHeader(hexToBytes(`${hex}00`))).toMatchObject({
      violation: { rule: 'codec/trailing-bytes' },
    });
  });
});
