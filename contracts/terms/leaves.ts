import { bytes, encode, type FragmentId, hexId, list, struct, type TypeOf, u32, u63 } from '#chain';
import { blake3ChunkCount, type CryptoPort, inclusionProof, merkleLeafHash, merkleRoot } from '#crypto';
import { accepted, type Result, refused } from '#errors';

/** Largest fragment in bytes (2-protocol: a power of two from 64 KiB to 4 MiB; the last may be shorter). */
export const MAX_FRAGMENT_BYTES = 4 * 1024 * 1024;

/** One stored fragment as a contract lists it. */
export const fragmentEntrySchema = struct({ id: hexId<FragmentId>(32), lengthBytes: u32 });
export type FragmentEntry = TypeOf<typeof fragmentEntrySchema>;

/** The list on chain; a contract's leaves follow from it. */
export const fragmentListSchema = list(fragmentEntrySchema, 16_384);

/** One leaf of the commitment: the fragment and the chunk after its last, counted over the whole contract. */
export const leafSchema = struct({ id: hexId<FragmentId>(32), lengthBytes: u32, endChunk: u63 });
export type Leaf = TypeOf<typeof leafSchema>;

/** A path in the commitment tree. */
export const leafPathSchema = list(bytes(32), 32);

/** What a contract commits to. */
export interface Commitment {
  /** RFC 6962 root over the leaves. */
  readonly root: Uint8Array;
  readonly leafCount: number;
  readonly totalBytes: bigint;
  /** Sum of ceil(length / 1024). */
  readonly totalChunks: bigint;
}

/** Leaves in order, or the entry that cannot be one. */
export function entriesToLeaves(entries: readonly FragmentEntry[]): Result<readonly Leaf[]> {
  const leaves: Leaf[] = [];
  const seen = new Set<string>();
  let endChunk = 0n;
  for (const [index, entry] of entries.entries()) {
    if (entry.lengthBytes === 0 || entry.lengthBytes > MAX_FRAGMENT_BYTES) {
      return refused({
        rule: 'leaf/length',
        index,
        lengthBytes: entry.lengthBytes,
        maxBytes: MAX_FRAGMENT_BYTES,
      });
    }
    if (seen.has(entry.id)) return refused({ rule: 'leaf/twice', index, fragment: entry.id });
    seen.add(entry.id);
    endChunk += BigInt(blake3ChunkCount(entry.lengthBytes));
    leaves.push({ ...entry, endChunk });
  }
  return accepted(leaves);
}

/** RFC 6962 hash of a leaf. */
export function leafHash(crypto: CryptoPort, leaf: Leaf): Uint8Array {
  return merkleLeafHash(crypto, encode(leafSchema, leaf));
}

/** The commitment to a list of leaves. */
export function commitToLeaves(crypto: CryptoPort, leaves: readonly Leaf[]): Commitment {
  return {
    root: merkleRoot(
      crypto,
      leaves.map((leaf) => leafHash(crypto, leaf)),
    ),
    leafCount: leaves.length,
    totalBytes: leaves.reduce((sum, leaf) => sum + BigInt(leaf.lengthBytes), 0n),
    totalChunks: leaves.at(-1)?.endChunk ?? 0n,
  };
}

/** Path of one leaf to the root. */
export function leafPath(crypto: CryptoPort, leaves: readonly Leaf[], index: number): Uint8Array[] {
  return inclusionProof(
    crypto,
    leaves.map((leaf) => leafHash(crypto, leaf)),
    index,
  );
}

/** The leaf that holds a chunk of the contract (start <= chunk < endChunk), by binary search. */
export function findLeaf(leaves: readonly Leaf[], chunk: bigint): number {
  let low = 0;
  let high = leaves.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((leaves[middle] as Leaf).endChunk > chunk) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** First chunk of a leaf. */
export function leafStartChunk(leaf: Leaf): bigint {
  return leaf.endChunk - BigInt(blake3ChunkCount(leaf.lengthBytes));
}
