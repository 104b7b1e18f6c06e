/** Four 32-bit words side by side: the operations SHA-256 and BLAKE3 are made of. */

// @ts-ignore: decorator
@inline
export function add(a: v128, b: v128): v128 {
  return i32x4.add(a, b);
}

// @ts-ignore: decorator
@inline
export function xor(a: v128, b: v128): v128 {
  return v128.xor(a, b);
}

/** Rotates each word right; wasm has no rotation of lanes. */
// @ts-ignore: decorator
@inline
export function rotate(x: v128, bits: i32): v128 {
  return v128.or(i32x4.shr_u(x, bits), i32x4.shl(x, 32 - bits));
}

/** Rotation by 16 as one byte shuffle. */
// @ts-ignore: decorator
@inline
export function rotate16(x: v128): v128 {
  return i8x16.shuffle(x, x, 2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13);
}

/** Rotation by 8 as one byte shuffle. */
// @ts-ignore: decorator
@inline
export function rotate8(x: v128): v128 {
  return i8x16.shuffle(x, x, 1, 2, 3, 0, 5, 6, 7, 4, 9, 10, 11, 8, 13, 14, 15, 12);
}

/** Each word with its bytes turned round: SHA-256 is big-endian, wasm is not. */
// @ts-ignore: decorator
@inline
export function swapBytes(x: v128): v128 {
  return i8x16.shuffle(x, x, 3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12);
}

/** Word `index` of a row of vectors in memory. */
// @ts-ignore: decorator
@inline
export function at(row: usize, index: i32): v128 {
  return v128.load(row + ((<usize>index) << 4));
}

// @ts-ignore: decorator
@inline
export function put(row: usize, index: i32, value: v128): void {
  v128.store(row + ((<usize>index) << 4), value);
}

/**
 * Turns 4 words of each of 4 inputs (`stride` bytes apart, from `from`) into 4 vectors of one word of all inputs each,
 * written to `to`.
 */
// @ts-ignore: decorator
@inline
export function gather(from: usize, stride: usize, to: usize): void {
  transpose(
    v128.load(from),
    v128.load(from + stride),
    v128.load(from + 2 * stride),
    v128.load(from + 3 * stride),
    to,
    16,
  );
}

/** The four vectors as columns of a 4x4 matrix, its rows written to `to`, `stride` bytes apart. */
// @ts-ignore: decorator
@inline
export function transpose(a: v128, b: v128, c: v128, d: v128, to: usize, stride: usize): void {
  const ab0 = v128.shuffle<i32>(a, b, 0, 4, 1, 5);
  const ab1 = v128.shuffle<i32>(a, b, 2, 6, 3, 7);
  const cd0 = v128.shuffle<i32>(c, d, 0, 4, 1, 5);
  const cd1 = v128.shuffle<i32>(c, d, 2, 6, 3, 7);
  v128.store(to, v128.shuffle<i64>(ab0, cd0, 0, 2));
  v128.store(to + stride, v128.shuffle<i64>(ab0, cd0, 1, 3));
  v128.store(to + 2 * stride, v128.shuffle<i64>(ab1, cd1, 0, 2));
  v128.store(to + 3 * stride, v128.shuffle<i64>(ab1, cd1, 1, 3));
}
