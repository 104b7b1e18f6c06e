import { describe, expect, test } from '@jest/globals';
import { ed25519 } from '@noble/curves/ed25519.js';
import { sha512 } from '@noble/hashes/sha2.js';
import { concatBytes, nobleCrypto } from '#crypto';
import { describeCryptoConformance, generateSignatureCases, smallOrderEncodings } from '#crypto/testing';
import {
  isCanonicalY,
  isScalarBelowOrder,
  isSmallOrderEncoding,
  passesEncodingRules,
} from './ed25519-encoding.js';
import type { Ed25519Engine } from './ed25519-engine.js';
import { createNativeCrypto, nativeCrypto, nativeEngines } from './native-crypto.js';
import { createNodeEngine } from './node-engine.js';

describeCryptoConformance(`native (${nativeEngines.ed25519}, ${nativeEngines.blake3})`, nativeCrypto);
describeCryptoConformance(
  'native fallback (node:crypto, no SIMD)',
  createNativeCrypto(createNodeEngine(), false),
);

/**
 * The loosest engine there could be: the bare equation between points, any encoding, S reduced. OpenSSL 3.0 took
 * small-order keys that OpenSSL 3.5 refuses; our own checks must hold whatever the engine of the day lets through.
 */
function createLooseEngine(): Ed25519Engine {
  const { Point } = ed25519;
  const toBigint = (bytes: Uint8Array): bigint =>
    bytes.reduceRight((value, byte) => (value << 8n) | BigInt(byte), 0n);
  return {
    ...createNodeEngine(),
    verifyEquation: ({ publicKey, message, signature }) => {
      try {
        const encodedR = signature.subarray(0, 32);
        const k = toBigint(sha512(concatBytes(encodedR, publicKey, message))) % Point.Fn.ORDER;
        const s = toBigint(signature.subarray(32)) % Point.Fn.ORDER;
        const a = Point.fromBytes(publicKey, true);
        return Point.BASE.multiplyUnsafe(s)
          .subtract(a.multiplyUnsafe(k))
          .equals(Point.fromBytes(encodedR, true));
      } catch {
        return false;
      }
    },
  };
}

describe('encoding rules', () => {
  test('make the pinned rule of an engine that checks nothing but the equation', () => {
    const loose = createLooseEngine();
    const crypto = createNativeCrypto(loose);
    let refusedByRules = 0;
    for (const signatureCase of generateSignatureCases(new Uint8Array(32).fill(4))) {
      const expected = nobleCrypto.verify(signatureCase);
      if (crypto.verify(signatureCase) !== expected)
        throw new Error(`"${signatureCase.name}" is not ${expected}`);
      if (!expected && loose.verifyEquation(signatureCase)) refusedByRules++;
    }
    expect(refusedByRules).toBeGreaterThan(100);
  });

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

  test('key and R must both be canonical, even where nobody could sign for such a point', () => {
    const good = Uint8Array.from({ length: 32 }, () => 9);
    const overflowing = Uint8Array.from({ length: 32 }, (_, i) => (i === 0 ? 0xf0 : i === 31 ? 0x7f : 0xff));
    const s = new Uint8Array(32);
    expect(passesEncodingRules(good, concatBytes(good, s))).toBe(true);
    expect(passesEncodingRules(overflowing, concatBytes(good, s))).toBe(false);
    expect(passesEncodingRules(good, concatBytes(overflowing, s))).toBe(false);
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
