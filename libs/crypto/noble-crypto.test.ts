import { describe, expect, test } from '@jest/globals';
import { ed25519 } from '@noble/curves/ed25519.js';
import { sha512 } from '@noble/hashes/sha2.js';
import { bytesToHex, concatBytes } from './bytes.js';
import { nobleCrypto } from './noble-crypto.js';
import { describeCryptoConformance, smallOrderEncodings, torsionPoints } from './testing/index.js';

describeCryptoConformance('noble', nobleCrypto);

describe('the pinned signature rule', () => {
  const message = Uint8Array.of(1, 2, 3);
  const seed = new Uint8Array(32).fill(5);
  const publicKey = nobleCrypto.publicKey(seed);

  test('there are exactly 14 small-order encodings and 8 small-order points', () => {
    expect(smallOrderEncodings()).toHaveLength(14);
    expect(new Set(torsionPoints().map((point) => bytesToHex(point.toBytes()))).size).toBe(8);
  });

  test('refuses the identity key with the identity R, which the bare equation accepts for every message', () => {
    const identity = ed25519.Point.ZERO.toBytes();
    const forged = { publicKey: identity, message, signature: concatBytes(identity, new Uint8Array(32)) };
    // Shown to be dangerous first: the lenient rule of the same library takes it.
    expect(ed25519.verify(forged.signature, message, identity, { zip215: true })).toBe(true);
    expect(nobleCrypto.verify(forged)).toBe(false);
  });

  test('is cofactorless: a torsion part in R is refused where the cofactored rule accepts it', () => {
    const torsion = torsionPoints()[1] as ReturnType<typeof torsionPoints>[number];
    const { Point } = ed25519;
    const order = Point.Fn.ORDER;
    const toBigint = (bytes: Uint8Array): bigint =>
      bytes.reduceRight((value, byte) => (value << 8n) | BigInt(byte), 0n);
    const { scalar } = ed25519.utils.getExtendedPublicKey(seed);
    const r = 123456789n;
    const encodedR = Point.BASE.multiply(r).add(torsion).toBytes();
    const k = toBigint(ed25519Challenge(encodedR, publicKey, message)) % order;
    const s = (r + k * scalar) % order;
    const encodedS = Uint8Array.from({ length: 32 }, (_, i) => Number((s >> BigInt(8 * i)) & 0xffn));
    const signature = concatBytes(encodedR, encodedS);
    expect(ed25519.verify(signature, message, publicKey, { zip215: true })).toBe(true);
    expect(nobleCrypto.verify({ publicKey, message, signature })).toBe(false);
  });

  test('refuses to sign with a seed of another length', () => {
    expect(() => nobleCrypto.sign(new Uint8Array(64), message)).toThrow(/32 bytes, got 64/);
    expect(() => nobleCrypto.publicKey(new Uint8Array(31))).toThrow(/32 bytes, got 31/);
  });
});

function ed25519Challenge(encodedR: Uint8Array, publicKey: Uint8Array, message: Uint8Array): Uint8Array {
  return sha512(concatBytes(encodedR, publicKey, message));
}
