import { describe, expect, test } from '@jest/globals';
import { describeCryptoConformance, smallOrderEncodings } from '#crypto/testing';
import { isCanonicalY, isScalarBelowOrder, isSmallOrderEncoding } from './ed25519-encoding.js';
import { createNativeCrypto, nativeCrypto, nativeEngines } from './native-crypto.js';
import { createNodeEngine } from './node-engine.js';

describeCryptoConformance(`native (${nativeEngines.ed25519}, ${nativeEngines.blake3})`, nativeCrypto);
describeCryptoConformance('native fallback (node:crypto)', createNativeCrypto(createNodeEngine()));

describe('encoding rules', () => {
  test('the table of small-order encodings is the set that decoding gives', () => {
    const found = smallOrderEncodings();
    expect(found).toHaveLength(14);
    for (const bytes of found) {
      expect(isSmallOrderEncoding(bytes)).toBe(true);
      for (let i = 0; i < 32; i++) {
        const other = bytes.slice();
        other[i] = (other[i] as number) ^ 0x20;
        expect(isSmallOrderEncoding(other)).toBe(found.some((each) => Buffer.compare(each, other) === 0));
      }
    }
  });

  test('y is canonical up to p - 1 and not from p on', () => {
    const y = new Uint8Array(32).fill(0xff);
    for (const [top, sign] of [
      [0x7f, 0],
      [0xff, 1],
    ] as const) {
      y[31] = top;
      y[0] = 0xec;
      expect([sign, isCanonicalY(y)]).toEqual([sign, true]);
      y[0] = 0xed;
      expect([sign, isCanonicalY(y)]).toEqual([sign, false]);
    }
    y[30] = 0xfe;
    expect(isCanonicalY(y)).toBe(true);
  });

  test('S is in order up to L - 1 and not from L on', () => {
    const order = 2n ** 252n + 27742317777372353535851937790883648493n;
    const bytesOf = (value: bigint): Uint8Array =>
      Uint8Array.from({ length: 32 }, (_, i) => Number((value >> BigInt(8 * i)) & 0xffn));
    for (const value of [0n, 1n, order - 1n, order - 2n ** 128n])
      expect(isScalarBelowOrder(bytesOf(value))).toBe(true);
    for (const value of [order, order + 1n, order + 2n ** 128n, 2n ** 256n - 1n]) {
      expect(isScalarBelowOrder(bytesOf(value))).toBe(false);
    }
  });
});
