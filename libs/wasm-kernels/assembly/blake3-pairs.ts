import { add, at, gather, put, rotate, rotate16, rotate8, transpose, xor } from './lanes';
import { initialState, splatAt } from './sha256';

/** Pairs that fit the buffers; a multiple of 4. */
const MAX_PAIRS = 1024;

/** Chunk start, chunk end and root: the flags of a message that is one block (BLAKE3 paper, table 3). */
const ONE_BLOCK: i32 = 1 | 2 | 8;
const KEYED_HASH: i32 = 16;

export const blake3PairsKey: usize = memory.data(32, 16);
export const blake3PairsInput: usize = memory.data(MAX_PAIRS * 64, 16);
/** Length of each message in bytes, where they are not all whole blocks. */
export const blake3ShortLengths: usize = memory.data(MAX_PAIRS * 4, 16);
export const blake3PairsOutput: usize = memory.data(MAX_PAIRS * 32, 16);

/** The message of four pairs, one word of all of them in a vector. */
const words = memory.data(16 * 16, 16);
const state = memory.data(16 * 16, 16);

// @ts-ignore: decorator
@inline
function mix(a: i32, b: i32, c: i32, d: i32, x: i32, y: i32): void {
  let va = at(state, a);
  let vb = at(state, b);
  let vc = at(state, c);
  let vd = at(state, d);
  va = add(add(va, vb), at(words, x));
  vd = rotate16(xor(vd, va));
  vc = add(vc, vd);
  vb = rotate(xor(vb, vc), 12);
  va = add(add(va, vb), at(words, y));
  vd = rotate8(xor(vd, va));
  vc = add(vc, vd);
  vb = rotate(xor(vb, vc), 7);
  put(state, a, va);
  put(state, b, vb);
  put(state, c, vc);
  put(state, d, vd);
}

// @ts-ignore: decorator
@inline
function round(
  m0: i32, m1: i32, m2: i32, m3: i32, m4: i32, m5: i32, m6: i32, m7: i32,
  m8: i32, m9: i32, m10: i32, m11: i32, m12: i32, m13: i32, m14: i32, m15: i32,
): void {
  mix(0, 4, 8, 12, m0, m1);
  mix(1, 5, 9, 13, m2, m3);
  mix(2, 6, 10, 14, m4, m5);
  mix(3, 7, 11, 15, m6, m7);
  mix(0, 5, 10, 15, m8, m9);
  mix(1, 6, 11, 12, m10, m11);
  mix(2, 7, 8, 13, m12, m13);
  mix(3, 4, 9, 14, m14, m15);
}

/** BLAKE3 in keyed mode of `count` messages of 64 bytes, a multiple of 4, from the input to the output buffer. */
export function compressBlake3Pairs(count: i32): void {
  for (let first = 0; first < count; first += 4)
    compressFour(first, blake3PairsKey, i32x4.splat(64), ONE_BLOCK | KEYED_HASH);
}

/** BLAKE3 in hash mode of `count` messages of at most 64 bytes, padded with zeros to 64; a multiple of 4. */
export function compressBlake3Short(count: i32): void {
  for (let first = 0; first < count; first += 4)
    compressFour(first, initialState, v128.load(blake3ShortLengths + <usize>first * 4), ONE_BLOCK);
}

function compressFour(first: i32, key: usize, lengths: v128, flags: i32): void {
  const input = blake3PairsInput + <usize>first * 64;
  for (let quarter: usize = 0; quarter < 4; quarter++) gather(input + quarter * 16, 64, words + quarter * 64);
  for (let i = 0; i < 8; i++) put(state, i, splatAt(key, i));
  for (let i = 0; i < 4; i++) put(state, 8 + i, splatAt(initialState, i));
  put(state, 12, i32x4.splat(0));
  put(state, 13, i32x4.splat(0));
  put(state, 14, lengths);
  put(state, 15, i32x4.splat(flags));
  // The message order of each round is the permutation applied again (BLAKE3 paper, table 2).
  round(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
  round(2, 6, 3, 10, 7, 0, 4, 13, 1, 11, 12, 5, 9, 14, 15, 8);
  round(3, 4, 10, 12, 13, 2, 7, 14, 6, 5, 9, 0, 11, 15, 8, 1);
  round(10, 7, 12, 9, 14, 3, 13, 15, 4, 0, 11, 2, 5, 8, 1, 6);
  round(12, 13, 9, 11, 15, 10, 14, 8, 7, 2, 5, 3, 0, 1, 6, 4);
  round(9, 14, 11, 5, 8, 12, 15, 1, 13, 3, 0, 10, 2, 6, 4, 7);
  round(11, 15, 5, 0, 1, 9, 8, 6, 14, 10, 2, 12, 3, 4, 7, 13);
  const output = blake3PairsOutput + <usize>first * 32;
  for (let half = 0; half < 2; half++) {
    transpose(
      xor(at(state, 4 * half), at(state, 4 * half + 8)),
      xor(at(state, 4 * half + 1), at(state, 4 * half + 9)),
      xor(at(state, 4 * half + 2), at(state, 4 * half + 10)),
      xor(at(state, 4 * half + 3), at(state, 4 * half + 11)),
      output + <usize>half * 16,
      32,
    );
  }
}
