import { ed25519 } from '@noble/curves/ed25519.js';
import { sha512 } from '@noble/hashes/sha2.js';
import { concatBytes } from '../bytes.js';
import type { SignatureCheck } from '../port.js';

/** A signature made on purpose, good or bad, and the words that say how. */
export interface SignatureCase extends SignatureCheck {
  readonly name: string;
}

const { Point } = ed25519;
const fieldPrime = 2n ** 255n - 19n;
const groupOrder = Point.Fn.ORDER;
type CurvePoint = InstanceType<typeof Point>;

function littleEndian(value: bigint): Uint8Array {
  return Uint8Array.from({ length: 32 }, (_, i) => Number((value >> BigInt(8 * i)) & 0xffn));
}

function toBigint(bytes: Uint8Array): bigint {
  return bytes.reduceRight((value, byte) => (value << 8n) | BigInt(byte), 0n);
}

function modOrder(value: bigint): bigint {
  return ((value % groupOrder) + groupOrder) % groupOrder;
}

/** The eight points of order 1, 2, 4 and 8, found by clearing the prime-order part of arbitrary points. */
export function torsionPoints(): CurvePoint[] {
  for (let y = 2n; ; y++) {
    try {
      const t = Point.fromBytes(littleEndian(y), true).multiplyUnsafe(groupOrder - 1n);
      const cleared = t.add(Point.fromBytes(littleEndian(y), true));
      if (cleared.multiplyUnsafe(4n).equals(Point.ZERO)) continue;
      return Array.from({ length: 8 }, (_, i) => (i === 0 ? Point.ZERO : cleared.multiplyUnsafe(BigInt(i))));
    } catch {
      // not on the curve: the next y
    }
  }
}

/**
 * Every 32-byte string that a lenient decoder (y not reduced, sign bit on x = 0 allowed) takes for a point of
 * small order: built by decoding rules alone, so that a table of them can be checked against it.
 */
export function smallOrderEncodings(): Uint8Array[] {
  const found = new Map<string, Uint8Array>();
  for (const { y } of torsionPoints().map((point) => point.toAffine())) {
    for (const written of [y, y + fieldPrime]) {
      if (written >= 2n ** 255n) continue;
      for (const sign of [0n, 1n]) {
        const bytes = littleEndian(written | (sign << 255n));
        found.set(bytes.join(), bytes);
      }
    }
  }
  return [...found.values()];
}

/** R = r*B + torsionR, A = a*B + torsionA, S = r + k*a: what a signer who plays with torsion publishes. */
function signWithTorsion(
  a: bigint,
  r: bigint,
  message: Uint8Array,
  encodedA: Uint8Array,
  encodedR: Uint8Array,
): Uint8Array {
  const k = modOrder(toBigint(sha512(concatBytes(encodedR, encodedA, message))));
  return concatBytes(encodedR, littleEndian(modOrder(r + k * a)));
}

function flipBit(bytes: Uint8Array, bit: number): Uint8Array {
  const flipped = bytes.slice();
  flipped[bit >> 3] = (flipped[bit >> 3] as number) ^ (1 << (bit & 7));
  return flipped;
}

/** S + L, S + 2L ... as long as it fits 32 bytes: other forms of the same signature. */
function* withLargerScalars(base: SignatureCase): Generator<SignatureCase> {
  const s = toBigint(base.signature.subarray(32));
  for (const times of [1n, 2n, 7n, 8n, 14n]) {
    if (s + times * groupOrder >= 2n ** 256n) continue;
    const signature = concatBytes(base.signature.subarray(0, 32), littleEndian(s + times * groupOrder));
    yield { ...base, name: `${base.name}, S + ${times}L`, signature };
  }
}

/**
 * Cases on which implementations of Ed25519 are known to disagree, and ordinary ones beside them. `seed` (32
 * bytes) makes them repeatable; every combination of the small-order encodings is in every set.
 */
export function* generateSignatureCases(seed: Uint8Array): Generator<SignatureCase> {
  const torsion = torsionPoints();
  const small = smallOrderEncodings();
  const scalarOf = (tag: number): bigint => modOrder(toBigint(sha512(concatBytes(seed, Uint8Array.of(tag)))));
  const message = sha512(seed).slice(0, (seed[0] as number) % 65);
  const a = scalarOf(1);
  const r = scalarOf(2);
  const pointA = Point.BASE.multiply(a);
  const pointR = Point.BASE.multiply(r);
  const encodedA = pointA.toBytes();
  const encodedR = pointR.toBytes();
  const signed = (name: string, keyBytes: Uint8Array, rBytes: Uint8Array, keyScalar = a, rScalar = r) => ({
    name,
    publicKey: keyBytes,
    message,
    signature: signWithTorsion(keyScalar, rScalar, message, keyBytes, rBytes),
  });

  const honest = signed('honest', encodedA, encodedR);
  yield honest;
  yield* withLargerScalars(honest);
  for (let bit = 0; bit < 512; bit += 7) {
    yield { ...honest, name: `signature bit ${bit}`, signature: flipBit(honest.signature, bit) };
  }
  for (let bit = 0; bit < 256; bit += 5) {
    yield { ...honest, name: `key bit ${bit}`, publicKey: flipBit(encodedA, bit) };
  }
  yield { ...honest, name: 'message longer', message: concatBytes(message, Uint8Array.of(0)) };

  for (const [i, ta] of torsion.entries()) {
    for (const [j, tr] of torsion.entries()) {
      const keyBytes = pointA.add(ta).toBytes();
      yield signed(`A + T${i}, R + T${j}`, keyBytes, pointR.add(tr).toBytes());
    }
  }
  // A mixed-order key whose k happens to clear the torsion is accepted by the cofactorless equation: try many R.
  for (const [i, ta] of torsion.entries()) {
    const keyBytes = pointA.add(ta).toBytes();
    for (let tries = 0n; tries < 24n; tries++) {
      const rTry = modOrder(r + tries * 977n + 1n);
      yield signed(`A + T${i}, R try ${tries}`, keyBytes, Point.BASE.multiply(rTry).toBytes(), a, rTry);
    }
  }
  for (const [i, smallA] of small.entries()) {
    yield signed(`A small ${i}`, smallA, encodedR, 0n);
    for (const [j, smallR] of small.entries()) {
      const both = signed(`A small ${i}, R small ${j}`, smallA, smallR, 0n, 0n);
      yield both;
      yield* withLargerScalars(both);
    }
  }
  for (const [j, smallR] of small.entries()) yield signed(`R small ${j}`, encodedA, smallR, a, 0n);
  for (let low = 0n; low < 19n; low++) {
    for (const sign of [0n, 1n]) {
      const bytes = littleEndian((fieldPrime + low) | (sign << 255n));
      yield signed(`A = p + ${low} sign ${sign}`, bytes, encodedR);
      yield signed(`R = p + ${low} sign ${sign}`, encodedA, bytes);
    }
  }
  for (const edge of [0n, 1n, groupOrder - 1n, groupOrder, groupOrder + 1n, 2n ** 253n, 2n ** 256n - 1n]) {
    const signature = concatBytes(encodedR, littleEndian(edge));
    yield { ...honest, name: `S = ${edge}`, signature };
  }
}
