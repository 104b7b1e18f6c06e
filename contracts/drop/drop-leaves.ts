import { list, struct, type TypeOf, u32 } from '#chain';
import { blake3ChunkCount, type CryptoPort, equalBytes, rootOfPath } from '#crypto';
import { assertInvariant } from '#errors';
import {
  type Commitment,
  type Leaf,
  leafHash,
  leafPath,
  leafPathSchema,
  leafSchema,
} from '../terms/leaves.js';
import { isTombstone, leafToTombstone } from '../terms/tombstone.js';

/** Fragments one `drop` names at most. */
export const MAX_DROPPED = 1_024;

/** A fragment to drop; the path leads to the root as the leaves before it in the list have left it. */
export const droppedLeafSchema = struct({ index: u32, leaf: leafSchema, path: leafPathSchema });
export type DroppedLeaf = TypeOf<typeof droppedLeafSchema>;

export const droppedListSchema = list(droppedLeafSchema, MAX_DROPPED);

/** The root after a leaf became a tombstone, or undefined where the path does not lead from the leaf to the root. */
export function rootAfterDrop(
  crypto: CryptoPort,
  tree: Pick<Commitment, 'root' | 'leafCount'>,
  { index, leaf, path }: DroppedLeaf,
): Uint8Array | undefined {
  const place = { index, size: tree.leafCount, path };
  const root = rootOfPath(crypto, { leafHash: leafHash(crypto, leaf), ...place });
  if (root === undefined || !equalBytes(root, tree.root)) return undefined;
  return rootOfPath(crypto, { leafHash: leafHash(crypto, leafToTombstone(leaf)), ...place });
}

/** Bytes and chunks of leaves. */
export function sizeOfDropped(dropped: readonly Pick<DroppedLeaf, 'leaf'>[]): {
  readonly bytes: bigint;
  readonly chunks: bigint;
} {
  let bytes = 0n;
  let chunks = 0n;
  for (const { leaf } of dropped) {
    bytes += BigInt(leaf.lengthBytes);
    chunks += BigInt(blake3ChunkCount(leaf.lengthBytes));
  }
  return { bytes, chunks };
}

/** What a client sends to drop fragments of its list, and the list after it. Indexes in any order, none twice. */
export function dropLeaves(
  crypto: CryptoPort,
  leaves: readonly Leaf[],
  indexes: readonly number[],
): { readonly dropped: readonly DroppedLeaf[]; readonly leaves: readonly Leaf[] } {
  const after = [...leaves];
  const dropped = indexes.map((index) => {
    const leaf = after[index];
    assertInvariant(leaf !== undefined && !isTombstone(leaf), `leaf ${index} is not there to be dropped`);
    const path = leafPath(crypto, after, index);
    after[index] = leafToTombstone(leaf);
    return { index, leaf, path };
  });
  return { dropped, leaves: after };
}
