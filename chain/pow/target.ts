import { accepted, type Result, refused } from '#errors';

/** Compact bits to a 256-bit target, as Bitcoin's nBits. Negative, zero and overflowing forms are refused. */
export function bitsToTarget(bits: number): Result<bigint> {
  const exponent = bits >>> 24;
  const mantissa = bits & 0x007f_ffff;
  if ((bits & 0x0080_0000) !== 0) return refused({ rule: 'pow/bits', bits });
  const target =
    exponent <= 3
      ? BigInt(mantissa) >> BigInt(8 * (3 - exponent))
      : BigInt(mantissa) << BigInt(8 * (exponent - 3));
  if (target === 0n || target >> 256n !== 0n) return refused({ rule: 'pow/bits', bits });
  return accepted(target);
}

/** A target in compact form, rounded down as Bitcoin does. */
export function targetToBits(target: bigint): number {
  let size = Math.ceil(target.toString(2).length / 8);
  let mantissa =
    size <= 3 ? Number(target << BigInt(8 * (3 - size))) : Number(target >> BigInt(8 * (size - 3)));
  if ((mantissa & 0x0080_0000) !== 0) {
    mantissa >>>= 8;
    size += 1;
  }
  return ((size << 24) | mantissa) >>> 0;
}

/** Expected hashes to find a block of this target: 2^256 / (target + 1). */
export function targetToWork(target: bigint): bigint {
  return (1n << 256n) / (target + 1n);
}

/** Expected hashes to find a block of compact bits; none for bits that are no target, which foreign headers may have. */
export function bitsToWork(bits: number): bigint {
  const target = bitsToTarget(bits);
  return target.ok ? targetToWork(target.value) : 0n;
}

/** A header's hash as the number that must not exceed the target: little-endian, as Bitcoin reads it. */
export function hashToNumber(hash: Uint8Array): bigint {
  let value = 0n;
  for (let index = hash.length - 1; index >= 0; index--)
    value = (value << 8n) | BigInt(hash[index] as number);
  return value;
}

/** A target as 32 bytes big-endian, for nonce search loops that compare reversed hashes byte by byte. */
export function targetToBytes(target: bigint): Uint8Array {
  const out = new Uint8Array(32);
  let rest = target;
  for (let index = 31; index >= 0; index--) {
    out[index] = Number(rest & 0xffn);
    rest >>= 8n;
  }
  return out;
}
