import { at, gather, put, swapBytes, transpose } from './lanes';
import { compress, initialState, splatAt } from './sha256';

/** Pairs that fit the buffers; a multiple of 4. */
const MAX_PAIRS = 1024;

export const sha256PairsInput: usize = memory.data(MAX_PAIRS * 64, 16);
export const sha256PairsOutput: usize = memory.data(MAX_PAIRS * 32, 16);

const bare = memory.data(16 * 16, 16);
const words = memory.data(64 * 16, 16);
const kw = memory.data(64 * 16, 16);
const state = memory.data(8 * 16, 16);
const scratch = memory.data(8 * 16, 16);

/**
 * RFC 6962 leaves: SHA-256(0x00 || 32 bytes) of `count` of them, a multiple of 4, from the first half of the input to the
 * output buffer.
 */
export function compressSha256Leaves(count: i32): void {
  for (let first = 0; first < count; first += 4) {
    const input = sha256PairsInput + <usize>first * 32;
    for (let half: usize = 0; half < 2; half++) gather(input + half * 16, 32, bare + half * 64);
    // The prefix pushes every byte one place on, as for the nodes.
    let before = i32x4.splat(0);
    for (let i = 0; i < 8; i++) {
      const word = swapBytes(at(bare, i));
      put(words, i, v128.or(i32x4.shl(before, 24), i32x4.shr_u(word, 8)));
      before = word;
    }
    put(words, 8, v128.or(i32x4.shl(before, 24), i32x4.splat(0x00800000)));
    for (let i = 9; i < 15; i++) put(words, i, i32x4.splat(0));
    put(words, 15, i32x4.splat(8 * 33));
    for (let i = 0; i < 8; i++) put(state, i, splatAt(initialState, i));
    compress(state, words, kw, scratch);
    writeHashes(first);
  }
}

/** RFC 6962 nodes: SHA-256(0x01 || 64 bytes) of `count` pairs, a multiple of 4, from the input to the output buffer. */
export function compressSha256Pairs(count: i32): void {
  for (let first = 0; first < count; first += 4) {
    const input = sha256PairsInput + <usize>first * 64;
    for (let quarter: usize = 0; quarter < 4; quarter++) gather(input + quarter * 16, 64, bare + quarter * 64);
    // The prefix pushes every byte one place on: a word is a byte of its neighbour and three of its own.
    let before = i32x4.splat(1);
    for (let i = 0; i < 16; i++) {
      const word = swapBytes(at(bare, i));
      put(words, i, v128.or(i32x4.shl(before, 24), i32x4.shr_u(word, 8)));
      before = word;
    }
    for (let i = 0; i < 8; i++) put(state, i, splatAt(initialState, i));
    compress(state, words, kw, scratch);
    put(words, 0, v128.or(i32x4.shl(before, 24), i32x4.splat(0x00800000)));
    for (let i = 1; i < 15; i++) put(words, i, i32x4.splat(0));
    put(words, 15, i32x4.splat(8 * 65));
    compress(state, words, kw, scratch);
    writeHashes(first);
  }
}

/** The four hashes of the state row, from the place of `first` on. */
function writeHashes(first: i32): void {
  const output = sha256PairsOutput + <usize>first * 32;
  for (let half = 0; half < 2; half++) {
    transpose(
      swapBytes(at(state, 4 * half)),
      swapBytes(at(state, 4 * half + 1)),
      swapBytes(at(state, 4 * half + 2)),
      swapBytes(at(state, 4 * half + 3)),
      output + <usize>half * 16,
      32,
    );
  }
}
