/** Bytes 31..0 of the group order L = 2^252 + 27742317777372353535851937790883648493, most significant first. */
const groupOrderBigEndian = Uint8Array.of(
  0x10,
  0,
  0,
  0,
  0,
  0,
  0,
  0,
  0,
  0,
  0,
  0,
  0,
  0,
  0,
  0,
  0x14,
  0xde,
  0xf9,
  0xde,
  0xa2,
  0xf7,
  0x9c,
  0xd6,
  0x58,
  0x12,
  0x63,
  0x1a,
  0x5c,
  0xf5,
  0xd3,
  0xed,
);

/**
 * The y-coordinates, little-endian and without the sign bit, under which a point of order 1, 2, 4 or 8 can be
 * written: 0 and 1, the same two plus p, p - 1, and the two of order 8. With either sign bit: 14 encodings.
 */
export const smallOrderYs: readonly string[] = [
  '0000000000000000000000000000000000000000000000000000000000000000',
  '0100000000000000000000000000000000000000000000000000000000000000',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
];

// First byte to the whole of it: one look rules out all but 7 of 256 honest encodings.
const smallOrderByFirstByte = new Map(
  smallOrderYs.map((hex) => [Number.parseInt(hex.slice(0, 2), 16), Uint8Array.from(Buffer.from(hex, 'hex'))]),
);

/** Whether the 32 bytes at `offset` are one of the 14 encodings of a small-order point. */
export function isSmallOrderEncoding(bytes: Uint8Array, offset = 0): boolean {
  const y = smallOrderByFirstByte.get(bytes[offset] as number);
  if (y === undefined || (y[31] as number) !== ((bytes[offset + 31] as number) & 0x7f)) return false;
  for (let i = 1; i < 31; i++) if (y[i] !== bytes[offset + i]) return false;
  return true;
}

/** Whether y, without the sign bit, is below p = 2^255 - 19. (x = 0 with a sign bit is a small-order encoding.) */
export function isCanonicalY(bytes: Uint8Array, offset = 0): boolean {
  if (((bytes[offset + 31] as number) & 0x7f) !== 0x7f) return true;
  for (let i = 30; i > 0; i--) if (bytes[offset + i] !== 0xff) return true;
  return (bytes[offset] as number) < 0xed;
}

/** Whether the little-endian scalar at `offset` is below the group order L: stops a second form of a signature. */
export function isScalarBelowOrder(bytes: Uint8Array, offset = 0): boolean {
  for (let i = 0; i < 32; i++) {
    const difference = (bytes[offset + 31 - i] as number) - (groupOrderBigEndian[i] as number);
    if (difference !== 0) return difference < 0;
  }
  return false;
}

/**
 * The part of the pinned rule that needs no curve arithmetic, done here whatever the engine does itself, so
 * that a new release of an engine cannot move consensus (docs/protocol/signatures.md).
 */
export function passesEncodingRules(publicKey: Uint8Array, signature: Uint8Array): boolean {
  return (
    publicKey.length === 32 &&
    signature.length === 64 &&
    isScalarBelowOrder(signature, 32) &&
    isCanonicalY(publicKey) &&
    isCanonicalY(signature) &&
    !isSmallOrderEncoding(publicKey) &&
    !isSmallOrderEncoding(signature)
  );
}
