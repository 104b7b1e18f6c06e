import { assertInvariant } from '#errors';
import { blake3ChunkBytes, blake3ChunkCv, blake3ParentCv } from './blake3-node.js';

/**
 * Every chaining value of one input's BLAKE3 tree: hash a fragment once, cut as many slices as asked.
 * `levels[0]` holds the chunks' values, 32 bytes each, and `levels[i + 1]` their parents', an odd last one
 * carried up unchanged; the topmost level has two values (one where the input is a single chunk).
 * About 64 bytes for each 1,024 of input.
 */
export interface Blake3Tree {
  /** BLAKE3 of the input: the fragment id. */
  readonly root: Uint8Array;
  readonly lengthBytes: number;
  readonly levels: readonly Uint8Array[];
}

/** How many 1 KiB chunks an input of this length has: at least one, because the empty input is a chunk too. */
export function blake3ChunkCount(lengthBytes: number): number {
  return Math.max(1, Math.ceil(lengthBytes / blake3ChunkBytes));
}

/** The bytes of one chunk of the input, as a view. */
export function blake3Chunk(data: Uint8Array, chunkIndex: number): Uint8Array {
  const chunkCount = blake3ChunkCount(data.length);
  assertInvariant(
    Number.isSafeInteger(chunkIndex) && chunkIndex >= 0 && chunkIndex < chunkCount,
    `chunk ${chunkIndex} is not among the ${chunkCount} chunks of ${data.length} bytes`,
  );
  return data.subarray(chunkIndex * blake3ChunkBytes, (chunkIndex + 1) * blake3ChunkBytes);
}

function parentLevel(level: Uint8Array): Uint8Array {
  const count = level.length / 32;
  const above = new Uint8Array(32 * Math.ceil(count / 2));
  const pairCount = Math.floor(count / 2);
  for (let i = 0; i < pairCount; i++) above.set(blake3ParentCv(level, 64 * i, false), 32 * i);
  if (count % 2 === 1) above.set(level.subarray(32 * (count - 1)), 32 * pairCount);
  return above;
}

/** Hashes the data with all nodes of its BLAKE3 tree kept. Pure code, about 40 MB/s: not for the data path. */
export function blake3Tree(data: Uint8Array): Blake3Tree {
  const chunkCount = blake3ChunkCount(data.length);
  if (chunkCount === 1) {
    const root = blake3ChunkCv(data, 0, true);
    return { root, lengthBytes: data.length, levels: [root] };
  }
  const chunks = new Uint8Array(32 * chunkCount);
  for (let i = 0; i < chunkCount; i++) chunks.set(blake3ChunkCv(blake3Chunk(data, i), i, false), 32 * i);
  const levels: Uint8Array[] = [chunks];
  let level: Uint8Array = chunks;
  while (level.length > 64) {
    level = parentLevel(level);
    levels.push(level);
  }
  return { root: blake3ParentCv(level, 0, true), lengthBytes: data.length, levels };
}
