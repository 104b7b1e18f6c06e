import { assertInvariant } from '#errors';
import { blake3ChunkBytes } from './blake3-node.js';
import { type Blake3Tree, blake3ChunkCount } from './blake3-tree.js';
import { concatBytes, readU64le, u64le } from './bytes.js';
import type { CryptoPort } from './port.js';

/**
 * Bao slices of a set of chunks: an 8-byte little-endian length, then the tree in pre-order, left before right, of
 * which only the subtrees that hold a wanted chunk are there: each parent node (64 bytes) and each chunk once. The slice
 * of one chunk is the standard one (the Bao specification, "Slices"; `bao.ts`).
 */

/** What a slice is to prove: these chunks (ascending, none twice) of the fragment with this BLAKE3 hash and length. */
export interface BaoClaim {
  readonly root: Uint8Array;
  readonly lengthBytes: number;
  readonly chunks: readonly number[];
  readonly slice: Uint8Array;
}

/** Why a slice proves nothing: its size is not what the claim demands, its header another length, or a hash does not fit. */
export type BaoFault = 'size' | 'length' | 'hash';

/** Where each node stands in a slice, and where the value it must have does (below zero: it is the root). */
interface SliceNodes {
  readonly offsets: number[];
  readonly expectedAt: number[];
}

interface SliceLayout {
  readonly sizeBytes: number;
  readonly parents: SliceNodes;
  /** In the order of the chunks asked for. */
  readonly chunks: SliceNodes;
}

/** Chunks of the left subtree: the largest power of two below the count (the BLAKE3 paper, 2.1). */
function leftChunkCount(chunkCount: number): number {
  return 2 ** (31 - Math.clz32(chunkCount - 1));
}

function chunkLengthBytes(chunk: number, lengthBytes: number): number {
  return Math.min(blake3ChunkBytes, lengthBytes - chunk * blake3ChunkBytes);
}

function areChunksOf(lengthBytes: number, chunks: readonly number[]): boolean {
  if (!Number.isSafeInteger(lengthBytes) || lengthBytes < 0 || lengthBytes >= 2 ** 41) return false;
  const chunkCount = blake3ChunkCount(lengthBytes);
  let before = -1;
  for (const chunk of chunks) {
    if (!Number.isSafeInteger(chunk) || chunk <= before || chunk >= chunkCount) return false;
    before = chunk;
  }
  return chunks.length > 0;
}

/** Where everything stands in the slice of these chunks. */
function layoutOf(lengthBytes: number, chunks: readonly number[]): SliceLayout {
  const parents: SliceNodes = { offsets: [], expectedAt: [] };
  const shown: SliceNodes = { offsets: [], expectedAt: [] };
  let offset = 8;
  // The wanted chunks with indexes `from` to `to` of the set lie in the subtree of `count` chunks from `start` on.
  const visit = (start: number, count: number, from: number, to: number, expectedAt: number): void => {
    if (count === 1) {
      shown.offsets.push(offset);
      shown.expectedAt.push(expectedAt);
      offset += chunkLengthBytes(start, lengthBytes);
      return;
    }
    const at = offset;
    parents.offsets.push(offset);
    parents.expectedAt.push(expectedAt);
    offset += 64;
    const left = leftChunkCount(count);
    let middle = from;
    while (middle < to && (chunks[middle] as number) < start + left) middle++;
    if (middle > from) visit(start, left, from, middle, at);
    if (middle < to) visit(start + left, count - left, middle, to, at + 32);
  };
  visit(0, blake3ChunkCount(lengthBytes), 0, chunks.length, -1);
  return { sizeBytes: offset, parents, chunks: shown };
}

/** Exact size of the slice of these chunks (ascending, none twice): for budgets and limits before anything is read. */
export function baoSetSliceBytes(lengthBytes: number, chunks: readonly number[]): number {
  assertInvariant(
    areChunksOf(lengthBytes, chunks),
    `${chunks} are no ascending chunks of ${lengthBytes} bytes`,
  );
  return layoutOf(lengthBytes, chunks).sizeBytes;
}

/** The slice of these chunks (ascending, none twice) from the fragment's bytes and its tree, hashed before. */
export function baoSetSlice(tree: Blake3Tree, data: Uint8Array, chunks: readonly number[]): Uint8Array {
  const { lengthBytes } = tree;
  assertInvariant(
    data.length === lengthBytes && areChunksOf(lengthBytes, chunks),
    `${chunks} are no ascending chunks of ${data.length} bytes with the tree of ${lengthBytes}`,
  );
  const parts: Uint8Array[] = [u64le(lengthBytes)];
  const visit = (start: number, count: number, wanted: readonly number[]): void => {
    if (wanted.length === 0) return;
    if (count === 1) {
      parts.push(data.subarray(start * blake3ChunkBytes, (start + 1) * blake3ChunkBytes));
      return;
    }
    const left = leftChunkCount(count);
    // The right subtree is carried up to the level of the left one, where the two are neighbours.
    const level = tree.levels[Math.log2(left)] as Uint8Array;
    const at = 32 * (start / left);
    parts.push(level.subarray(at, at + 64));
    visit(
      start,
      left,
      wanted.filter((chunk) => chunk < start + left),
    );
    visit(
      start + left,
      count - left,
      wanted.filter((chunk) => chunk >= start + left),
    );
  };
  visit(0, blake3ChunkCount(lengthBytes), chunks);
  return concatBytes(...parts);
}

/** Why this slice does not prove its claim, or undefined where it does. Never throws. */
export function verifyBaoSetSlice(crypto: CryptoPort, claim: BaoClaim): BaoFault | undefined {
  return verifyBaoSetSlices(crypto, [claim])?.fault;
}

/**
 * The first of the slices that does not prove its claim. All nodes of all of them are hashed in two calls, so that
 * native code takes them four at a time; what each must be is compared afterwards. Never throws.
 *
 * The header must equal the committed length: it is not hashed, and another length would move the tree's shape.
 */
export function verifyBaoSetSlices(
  crypto: CryptoPort,
  claims: readonly BaoClaim[],
): { readonly index: number; readonly fault: BaoFault } | undefined {
  const layouts: SliceLayout[] = [];
  let parentCount = 0;
  let chunkCount = 0;
  for (const [index, { root, lengthBytes, chunks, slice }] of claims.entries()) {
    if (!areChunksOf(lengthBytes, chunks)) return { index, fault: 'size' };
    if (root.length !== 32) return { index, fault: 'hash' };
    const layout = layoutOf(lengthBytes, chunks);
    if (slice.length !== layout.sizeBytes) return { index, fault: 'size' };
    if (readU64le(slice) !== BigInt(lengthBytes)) return { index, fault: 'length' };
    layouts.push(layout);
    parentCount += layout.parents.offsets.length;
    chunkCount += layout.chunks.offsets.length;
  }
  const parents = hashParents(crypto, claims, layouts, parentCount);
  const chunks = hashChunks(crypto, claims, layouts, chunkCount);
  let parent = 0;
  let chunk = 0;
  for (const [index, claim] of claims.entries()) {
    const layout = layouts[index] as SliceLayout;
    if (!areExpected(parents, 32 * parent, layout.parents, claim)) return { index, fault: 'hash' };
    if (!areExpected(chunks, 32 * chunk, layout.chunks, claim)) return { index, fault: 'hash' };
    parent += layout.parents.offsets.length;
    chunk += layout.chunks.offsets.length;
  }
  return undefined;
}

function hashParents(
  crypto: CryptoPort,
  claims: readonly BaoClaim[],
  layouts: readonly SliceLayout[],
  count: number,
): Uint8Array {
  const pairs = new Uint8Array(64 * count);
  const isRoot = new Uint8Array(count);
  let at = 0;
  for (const [index, { slice }] of claims.entries()) {
    const { offsets } = (layouts[index] as SliceLayout).parents;
    if (offsets.length > 0) isRoot[at] = 1;
    for (let from = 0; from < offsets.length; ) {
      // Parents on the way to one chunk stand one after the other.
      const offset = offsets[from] as number;
      let run = 1;
      while (offsets[from + run] === offset + 64 * run) run++;
      pairs.set(slice.subarray(offset, offset + 64 * run), 64 * at);
      from += run;
      at += run;
    }
  }
  return crypto.hashParents(pairs, isRoot);
}

function hashChunks(
  crypto: CryptoPort,
  claims: readonly BaoClaim[],
  layouts: readonly SliceLayout[],
  count: number,
): Uint8Array {
  const bytes = new Uint8Array(blake3ChunkBytes * count);
  const lengths = new Uint32Array(count);
  const indexes = new Uint32Array(count);
  const isRoot = new Uint8Array(count);
  let at = 0;
  for (const [index, { slice, chunks, lengthBytes }] of claims.entries()) {
    const { offsets, expectedAt } = (layouts[index] as SliceLayout).chunks;
    for (const [place, offset] of offsets.entries()) {
      const chunk = chunks[place] as number;
      const length = chunkLengthBytes(chunk, lengthBytes);
      bytes.set(slice.subarray(offset, offset + length), blake3ChunkBytes * at);
      lengths[at] = length;
      indexes[at] = chunk;
      if ((expectedAt[place] as number) < 0) isRoot[at] = 1;
      at++;
    }
  }
  return crypto.hashChunks({ bytes, lengths, indexes, isRoot });
}

/** Whether the values from `from` on are those that the nodes' parents, and at the top the root, hold for them. */
function areExpected(
  values: Uint8Array,
  from: number,
  { expectedAt }: SliceNodes,
  { root, slice }: BaoClaim,
): boolean {
  let at = from;
  for (const place of expectedAt) {
    const expected = place < 0 ? root : slice;
    const offset = place < 0 ? 0 : place;
    for (let byte = 0; byte < 32; byte++) if (values[at + byte] !== expected[offset + byte]) return false;
    at += 32;
  }
  return true;
}
