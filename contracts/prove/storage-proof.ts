import { bytes, list, struct, type TypeOf, u32, varBytes } from '#chain';
import { leafSchema, MAX_FRAGMENT_BYTES } from '../terms/leaves.js';

/** Draws a challenge makes at most, those on tombstones included. */
export const MAX_DRAWS = 32;

/** Live chunks a proof shows at most; no network asks for more. */
export const MAX_SHOWN_CHUNKS = 16;

/** Levels of a fragment's hash tree above its chunks (4 MiB: 12). */
const FRAGMENT_DEPTH = Math.log2(MAX_FRAGMENT_BYTES / 1024);

/** Levels of a commitment's tree: a leaf's index is 32 bits. */
const LIST_DEPTH = 32;

/**
 * What proves `count` nodes at the bottom of a full tree at most, where they lie as far apart as can be: below the levels
 * they fill, each has a path of its own.
 */
function mostPathNodes(count: number, depth: number): number {
  return count * (depth - Math.log2(count));
}

/** Siblings of 32 leaves: 864. */
const MAX_SIBLINGS = mostPathNodes(MAX_DRAWS, LIST_DEPTH);

/** Length, the parents of 16 chunks of 4 MiB (each on a path of its own below the first four levels), the chunks. */
const MAX_SLICE_BYTES =
  8 + 64 * (MAX_SHOWN_CHUNKS - 1 + mostPathNodes(MAX_SHOWN_CHUNKS, FRAGMENT_DEPTH)) + 1024 * MAX_SHOWN_CHUNKS;

/** A leaf and where it stands in the list. */
export const shownLeafSchema = struct({ leafIndex: u32, leaf: leafSchema });
export type ShownLeaf = TypeOf<typeof shownLeafSchema>;

/**
 * Shows every drawn chunk of a contract, and everything once: each drawn leaf, each node of the commitment's tree that
 * the leaves do not give, and of each fragment one slice of all its drawn chunks (docs/protocol/contracts.md, 8).
 */
export const storageProofSchema = struct({
  /** Every drawn leaf by ascending index, none twice. */
  leaves: list(shownLeafSchema, MAX_DRAWS),
  /** RFC 6962 nodes beside their paths, level by level from the leaves up, left to right. */
  siblings: list(bytes(32), MAX_SIBLINGS),
  /** For each leaf that is no tombstone, in their order: the Bao slice of its drawn chunks. */
  slices: list(varBytes(MAX_SLICE_BYTES), MAX_SHOWN_CHUNKS),
});
export type StorageProof = TypeOf<typeof storageProofSchema>;
