import type { CryptoPort } from '#crypto';
import { assertInvariant } from '#errors';
import { findLeaf, type Leaf, leafPath, leafStartChunk } from '../terms/leaves.js';
import type { ProofItem } from './storage-proof.js';

/** The Bao slice of one chunk of the fragment at `leafIndex`; the caller reads the bytes from where they are. */
export type SliceSource = (leafIndex: number, chunkInFragment: number) => Uint8Array;

/**
 * The item that answers one draw: finds the leaf that holds `chunk` (counted over the whole contract) and joins its
 * path with the slice. The counterpart of `validateProofItems`.
 */
export function buildProofItem(
  crypto: CryptoPort,
  leaves: readonly Leaf[],
  chunk: bigint,
  slice: SliceSource,
): ProofItem {
  const leafIndex = findLeaf(leaves, chunk);
  const leaf = leaves[leafIndex];
  assertInvariant(
    leaf !== undefined && chunk >= leafStartChunk(leaf) && chunk < leaf.endChunk,
    `chunk ${chunk} is in none of ${leaves.length} leaves`,
  );
  return {
    leafIndex,
    leaf,
    leafPath: leafPath(crypto, leaves, leafIndex),
    slice: slice(leafIndex, Number(chunk - leafStartChunk(leaf))),
  };
}
