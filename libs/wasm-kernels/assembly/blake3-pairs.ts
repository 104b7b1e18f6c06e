import { compressBlake3, writeValues } from './blake3';
import { gather, put } from './lanes';
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

/** The message of four pairs, one word of all of them in a vector; and their chaining values. */
const words = memory.data(16 * 16, 16);
const values = memory.data(8 * 16, 16);

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
  for (let i = 0; i < 8; i++) put(values, i, splatAt(key, i));
  const zero = i32x4.splat(0);
  compressBlake3(values, words, zero, zero, lengths, i32x4.splat(flags));
  writeValues(values, blake3PairsOutput + <usize>first * 32);
}
