import { compressBlake3, writeValues } from './blake3';
import { at, gather, put } from './lanes';
import { initialState, splatAt } from './sha256';

/** Chunks that fit the buffers; a multiple of 4. */
const MAX_CHUNKS = 64;
/** Parents that fit the buffers; a multiple of 4. */
const MAX_PARENTS = 1024;

const CHUNK_START: i32 = 1;
const CHUNK_END: i32 = 2;
const PARENT: i32 = 4;

export const blake3ChunksInput: usize = memory.data(MAX_CHUNKS * 1024, 16);
/** Length of each chunk in bytes, its index in its input, and 8 where it is all of its input (the root flag), else 0. */
export const blake3ChunkLengths: usize = memory.data(MAX_CHUNKS * 4, 16);
export const blake3ChunkCounters: usize = memory.data(MAX_CHUNKS * 4, 16);
export const blake3ChunkRoots: usize = memory.data(MAX_CHUNKS * 4, 16);
export const blake3ChunksOutput: usize = memory.data(MAX_CHUNKS * 32, 16);

export const blake3ParentsInput: usize = memory.data(MAX_PARENTS * 64, 16);
/** 8 where the parent is the root of its tree, else 0. */
export const blake3ParentRoots: usize = memory.data(MAX_PARENTS * 4, 16);
export const blake3ParentsOutput: usize = memory.data(MAX_PARENTS * 32, 16);

const words = memory.data(16 * 16, 16);
const values = memory.data(8 * 16, 16);
const before = memory.data(8 * 16, 16);

/** Chaining values of `count` chunks of at most 1,024 bytes, padded with zeros; a multiple of 4. */
export function compressBlake3Chunks(count: i32): void {
  for (let first: usize = 0; first < <usize>count; first += 4) chunksOfFour(first);
}

function chunksOfFour(first: usize): void {
  const input = blake3ChunksInput + first * 1024;
  const lengths = v128.load(blake3ChunkLengths + first * 4);
  const counters = v128.load(blake3ChunkCounters + first * 4);
  const roots = v128.load(blake3ChunkRoots + first * 4);
  const zero = i32x4.splat(0);
  const whole = i32x4.splat(64);
  for (let i = 0; i < 8; i++) put(values, i, splatAt(initialState, i));
  for (let block = 0; block < 16; block++) {
    const from = input + <usize>block * 64;
    for (let quarter: usize = 0; quarter < 4; quarter++) gather(from + quarter * 16, 1024, words + quarter * 64);
    // What is left of each chunk: nothing more than this block, and it is the last one.
    const left = i32x4.sub(lengths, i32x4.splat(block * 64));
    const isLast = i32x4.le_s(left, whole);
    // The empty input is one chunk of one empty block.
    const isOver = block == 0 ? zero : i32x4.le_s(left, zero);
    if (v128.all_true<i32>(isOver)) break;
    const last = v128.and(isLast, v128.or(i32x4.splat(CHUNK_END), roots));
    const flags = block == 0 ? v128.or(last, i32x4.splat(CHUNK_START)) : last;
    const hasOver = v128.any_true(isOver);
    if (hasOver) memory.copy(before, values, 128);
    compressBlake3(values, words, counters, zero, i32x4.min_s(left, whole), flags);
    if (hasOver) for (let i = 0; i < 8; i++) put(values, i, v128.bitselect(at(before, i), at(values, i), isOver));
  }
  writeValues(values, blake3ChunksOutput + first * 32);
}

/** Chaining values of `count` parents of two chaining values each (64 bytes); a multiple of 4. */
export function compressBlake3Parents(count: i32): void {
  const zero = i32x4.splat(0);
  for (let first: usize = 0; first < <usize>count; first += 4) {
    const input = blake3ParentsInput + first * 64;
    for (let quarter: usize = 0; quarter < 4; quarter++) gather(input + quarter * 16, 64, words + quarter * 64);
    for (let i = 0; i < 8; i++) put(values, i, splatAt(initialState, i));
    const flags = v128.or(i32x4.splat(PARENT), v128.load(blake3ParentRoots + first * 4));
    compressBlake3(values, words, zero, zero, i32x4.splat(64), flags);
    writeValues(values, blake3ParentsOutput + first * 32);
  }
}
