import type { Blake3Chunks } from '#crypto';
import { assertInvariant } from '#errors';
import type { KernelExports } from './kernel-module.js';

/** What fits the wasm buffers at once (assembly/blake3-tree.ts). */
const MAX_CHUNKS = 64;
const MAX_PARENTS = 1024;

const CHUNK_BYTES = 1024;
/** BLAKE3's root flag (the BLAKE3 paper, table 3). */
const ROOT_FLAG = 8;

/** The nodes of BLAKE3's tree, four at a time; the two calls of a CryptoPort. */
export interface TreeKernels {
  blake3Chunks(chunks: Blake3Chunks): Uint8Array;
  blake3Parents(pairs: Uint8Array, isRoot?: Uint8Array): Uint8Array;
}

/** The tree kernels of an instance. */
export function createTreeKernels(kernels: KernelExports): TreeKernels {
  const { buffer } = kernels.memory;
  const memory = new Uint8Array(buffer);
  const input = memory.subarray(
    kernels.blake3ChunksInput.value,
    kernels.blake3ChunksInput.value + MAX_CHUNKS * CHUNK_BYTES,
  );
  const lengthWords = new Uint32Array(buffer, kernels.blake3ChunkLengths.value, MAX_CHUNKS);
  const counterWords = new Uint32Array(buffer, kernels.blake3ChunkCounters.value, MAX_CHUNKS);
  const chunkRoots = new Uint32Array(buffer, kernels.blake3ChunkRoots.value, MAX_CHUNKS);
  const parentRoots = new Uint32Array(buffer, kernels.blake3ParentRoots.value, MAX_PARENTS);
  const chunksOutput = kernels.blake3ChunksOutput.value;
  const parentsInput = kernels.blake3ParentsInput.value;
  const parentsOutput = kernels.blake3ParentsOutput.value;
  return {
    blake3Chunks({ bytes, lengths, indexes, isRoot }) {
      const values = new Uint8Array(32 * lengths.length);
      for (let first = 0; first < lengths.length; first += MAX_CHUNKS) {
        const count = Math.min(MAX_CHUNKS, lengths.length - first);
        assertWithin(bytes, lengths, first, count);
        const part = bytes.subarray(first * CHUNK_BYTES, (first + count) * CHUNK_BYTES);
        input.set(part);
        input.fill(0, part.length, count * CHUNK_BYTES);
        lengthWords.set(lengths.subarray(first, first + count));
        counterWords.set(indexes.subarray(first, first + count));
        setRoots(chunkRoots, isRoot, first, count);
        // A last group that is not full hashes what the buffer holds from before; nobody reads those.
        kernels.compressBlake3Chunks((count + 3) & ~3);
        values.set(memory.subarray(chunksOutput, chunksOutput + 32 * count), 32 * first);
      }
      return values;
    },
    blake3Parents(pairs, isRoot) {
      if (pairs.length % 64 !== 0)
        assertInvariant(false, `pairs must be whole 64-byte pairs, got ${pairs.length} bytes`);
      const values = new Uint8Array(pairs.length / 2);
      for (let first = 0; first < pairs.length / 64; first += MAX_PARENTS) {
        const part = pairs.subarray(first * 64, (first + MAX_PARENTS) * 64);
        const count = part.length / 64;
        memory.set(part, parentsInput);
        setRoots(parentRoots, isRoot, first, count);
        kernels.compressBlake3Parents((count + 3) & ~3);
        values.set(memory.subarray(parentsOutput, parentsOutput + 32 * count), 32 * first);
      }
      return values;
    },
  };
}

function assertWithin(bytes: Uint8Array, lengths: Uint32Array, first: number, count: number): void {
  for (let at = first; at < first + count; at++) {
    const lengthBytes = lengths[at] as number;
    // A text for each of thousands of chunks would take a third of the time their hashes do.
    if (lengthBytes > CHUNK_BYTES || at * CHUNK_BYTES + lengthBytes > bytes.length)
      assertInvariant(
        false,
        `chunk ${at} of ${lengthBytes} bytes is not among the ${bytes.length} bytes given`,
      );
  }
}

function setRoots(words: Uint32Array, isRoot: Uint8Array | undefined, first: number, count: number): void {
  if (isRoot === undefined) words.fill(0, 0, count);
  else for (let at = 0; at < count; at++) words[at] = isRoot[first + at] === 1 ? ROOT_FLAG : 0;
}
