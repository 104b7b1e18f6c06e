import { assertInvariant } from '#errors';
import { blake3ChunkBytes, blake3ChunkCv, blake3ParentCv } from './blake3-node.js';
import { type Blake3Tree, blake3Chunk, blake3ChunkCount, blake3Tree } from './blake3-tree.js';
import { concatBytes, equalBytes, readU64le, u64le } from './bytes.js';

/**
 * Bao slices of exactly one chunk (the Bao specification, "Combined encoding" and "Slices"): an 8-byte
 * little-endian length, the 64-byte parent nodes on the chunk's path from the root down, the chunk's bytes.
 */

/** Chunks of the left subtree: the largest power of two below the count (the BLAKE3 paper, 2.1). */
function leftChunkCount(chunkCount: number): number {
  let power = 1;
  while (power * 2 < chunkCount) power *= 2;
  return power;
}

/** Parent nodes between the root and one chunk; chunks at a ragged right edge have fewer. */
function pathLength(chunkIndex: number, chunkCount: number): number {
  let depth = 0;
  let index = chunkIndex;
  let count = chunkCount;
  while (count > 1) {
    const left = leftChunkCount(count);
    if (index < left) count = left;
    else {
      index -= left;
      count -= left;
    }
    depth++;
  }
  return depth;
}

function chunkLengthBytes(chunkIndex: number, lengthBytes: number): number {
  return Math.min(blake3ChunkBytes, lengthBytes - chunkIndex * blake3ChunkBytes);
}

/** Exact size of the slice of one chunk: for budgets and limits before anything is read. */
export function baoSliceBytes(chunkIndex: number, lengthBytes: number): number {
  const parents = pathLength(chunkIndex, blake3ChunkCount(lengthBytes));
  return 8 + 64 * parents + chunkLengthBytes(chunkIndex, lengthBytes);
}

/** The slice of one chunk from a tree hashed before; the caller reads the chunk's bytes (`blake3Chunk`). */
export function baoSliceFromTree(tree: Blake3Tree, chunkIndex: number, chunk: Uint8Array): Uint8Array {
  const chunkCount = blake3ChunkCount(tree.lengthBytes);
  assertInvariant(
    Number.isSafeInteger(chunkIndex) && chunkIndex >= 0 && chunkIndex < chunkCount,
    `chunk ${chunkIndex} is not among the ${chunkCount} chunks of the tree`,
  );
  assertInvariant(
    chunk.length === chunkLengthBytes(chunkIndex, tree.lengthBytes),
    `chunk ${chunkIndex} of ${tree.lengthBytes} bytes has another length than ${chunk.length}`,
  );
  const parents: Uint8Array[] = [];
  let index = chunkIndex;
  for (const level of tree.levels) {
    const pairOffset = 64 * Math.floor(index / 2);
    // A carried node has no sibling here: it is its own parent on the level above.
    if (pairOffset + 64 <= level.length) parents.unshift(level.slice(pairOffset, pairOffset + 64));
    index = Math.floor(index / 2);
  }
  return concatBytes(u64le(tree.lengthBytes), ...parents, chunk);
}

/** BLAKE3 root of the data and the Bao slice that proves one of its chunks. Hashes all of the data. */
export function encodeBaoSlice(
  data: Uint8Array,
  chunkIndex: number,
): { readonly root: Uint8Array; readonly slice: Uint8Array } {
  const tree = blake3Tree(data);
  return { root: tree.root, slice: baoSliceFromTree(tree, chunkIndex, blake3Chunk(data, chunkIndex)) };
}

/**
 * The chunk the slice proves, or undefined where it proves nothing: the length header must equal
 * `lengthBytes` (it is not hashed, so a proof against another length would move the tree's shape), there is
 * no byte more or less, and every node hashes to the value above it. Never throws; the chunk is a view.
 */
export function verifyBaoSlice(
  root: Uint8Array,
  slice: Uint8Array,
  chunkIndex: number,
  lengthBytes: number,
): Uint8Array | undefined {
  if (!Number.isSafeInteger(lengthBytes) || lengthBytes < 0 || !Number.isSafeInteger(chunkIndex))
    return undefined;
  const chunkCount = blake3ChunkCount(lengthBytes);
  if (chunkIndex < 0 || chunkIndex >= chunkCount) return undefined;
  if (slice.length !== baoSliceBytes(chunkIndex, lengthBytes)) return undefined;
  if (readU64le(slice) !== BigInt(lengthBytes)) return undefined;

  let expected = root;
  let isRoot = true;
  let offset = 8;
  let index = chunkIndex;
  let count = chunkCount;
  while (count > 1) {
    if (!equalBytes(blake3ParentCv(slice, offset, isRoot), expected)) return undefined;
    const left = leftChunkCount(count);
    if (index < left) {
      expected = slice.subarray(offset, offset + 32);
      count = left;
    } else {
      expected = slice.subarray(offset + 32, offset + 64);
      index -= left;
      count -= left;
    }
    isRoot = false;
    offset += 64;
  }
  const chunk = slice.subarray(offset);
  return equalBytes(blake3ChunkCv(chunk, chunkIndex, isRoot), expected) ? chunk : undefined;
}
