import { describe, expect, test } from '@jest/globals';
import { bytesToHex } from '#crypto';
import { bytesToSipKey, sipHash } from './sip-hash.js';

/** The authors' own vectors: key 00..0f, message 00..(n-1). */
const VECTORS: readonly (readonly [number, string])[] = [
  [0, '310e0edd47db6f72'],
  [1, 'fd67dc93c539f874'],
  [2, '5a4fa9d909806c0d'],
  [7, '37d1018bf50002ab'],
  [8, '6224939a79f5f593'],
  [15, 'e545be4961ca29a1'],
  [16, 'db9bc2577fcc2a3f'],
  [32, 'ce7cf2722f512771'],
];

const counting = (length: number): Uint8Array => Uint8Array.from({ length }, (_, at) => at);

describe('SipHash-2-4', () => {
  test.each(VECTORS)('the published vector of %i bytes', (length, hex) => {
    const [low, high] = sipHash(bytesToSipKey(counting(16)), counting(length));
    const out = new Uint8Array(8);
    new DataView(out.buffer).setUint32(0, low, true);
    new DataView(out.buffer).setUint32(4, high, true);
    expect(bytesToHex(out)).toBe(hex);
  });
});
