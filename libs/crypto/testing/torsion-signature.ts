import { ed25519 } from '@noble/curves/ed25519.js';
import { sha512 } from '@noble/hashes/sha2.js';
import { concatBytes } from '../bytes.js';
import type { SignatureCase } from './signature-cases.js';
import { torsionPoints } from './signature-cases.js';

const { Point } = ed25519;
const groupOrder = Point.Fn.ORDER;
const torsion = torsionPoints();

/** A signature whose verdict is known from arithmetic alone. */
export interface JudgedSignature extends SignatureCase {
  readonly isGood: boolean;
}

/** Which torsion points a signer adds to its key and to R; both 0 to 7, 0 being none. */
export interface TorsionChoice {
  readonly keyTorsion: number;
  readonly nonceTorsion: number;
}

/** 32 bytes little-endian. */
export function scalarToBytes(value: bigint): Uint8Array {
  return Uint8Array.from({ length: 32 }, (_, at) => Number((value >> BigInt(8 * at)) & 0xffn));
}

function bytesToScalar(bytes: Uint8Array): bigint {
  return bytes.reduceRight((value, byte) => (value << 8n) | BigInt(byte), 0n);
}

/** A number from 1 to L - 1 out of any bytes. */
export function hashToScalar(...parts: readonly Uint8Array[]): bigint {
  return (bytesToScalar(sha512(concatBytes(...parts))) % (groupOrder - 1n)) + 1n;
}

/**
 * A = a*B + i*T, R = r*B + j*T, S = r + k*a, T of order 8. S*B - k*A = r*B - k*i*T, which is R exactly where
 * k*i + j is a multiple of 8: the verdict follows without any verifier.
 */
export function torsionSignature(
  a: bigint,
  r: bigint,
  message: Uint8Array,
  { keyTorsion, nonceTorsion }: TorsionChoice,
): JudgedSignature {
  const publicKey = Point.BASE.multiply(a)
    .add(torsion[keyTorsion] ?? Point.ZERO)
    .toBytes();
  const encodedR = Point.BASE.multiply(r)
    .add(torsion[nonceTorsion] ?? Point.ZERO)
    .toBytes();
  const k = bytesToScalar(sha512(concatBytes(encodedR, publicKey, message))) % groupOrder;
  const s = (r + k * a) % groupOrder;
  return {
    name: `A + ${keyTorsion}T, R + ${nonceTorsion}T, k mod 8 = ${k % 8n}`,
    publicKey,
    message,
    signature: concatBytes(encodedR, scalarToBytes(s)),
    isGood: (k * BigInt(keyTorsion) + BigInt(nonceTorsion)) % 8n === 0n,
  };
}
