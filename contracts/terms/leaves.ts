import { bytes, encode, type FragmentId, hexId, list, struct, type TypeOf, u32, u63 } from '#chain';
import {
  appendToFrontier,
  blake3ChunkCount,
  type CryptoPort,
  frontierRoot,
  inclusionProof,
  merkleFrontier,
  merkleLeafHash,
  merkleRoot,
} from '#crypto';
import { accepted, type Result, refused } from '#errors';
import { isTombstone } from './tombstone.js';

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

/** Roots of the complete subtrees of a commitment tree, left to right. */
export const frontierSchema = list(bytes(32), 32);

/** What a contract commits to. */
export interface Commitment {
  /** RFC 6962 root over the leaves. */
  readonly root: Uint8Array;
  readonly leafCount: number;
  /** Of the leaves that are not tombstones. */
  readonly totalBytes: bigint;
  /** Sum of ceil(length / 1024), tombstones included. */
  readonly totalChunks: bigint;
}

/** Leaves in order, or the entry that cannot be one; `startChunk` where they are appended to others. */
export function entriesToLeaves(entries: readonly FragmentEntry[], startChunk = 0n): Result<readonly Leaf[]> {
  const leaves: Leaf[] = [];
  const seen = new Set<string>();
  let endChunk = startChunk;
  for (const [index, entry] of entries.entries()) {
    if (entry.lengthBytes === 0 || entry.lengthBytes > MAX_FRAGMENT_BYTES) {
      return refused({
        rule: 'leaf/length',
        index,
        lengthBytes: entry.lengthBytes,
        maxBytes: MAX_FRAGMENT_BYTES,
      });
    }
    // Nobody could show it, and a draw on it would be made again: a contract of such leaves proves nothing.
    if (isTombstone(entry)) return refused({ rule: 'leaf/tombstone', index });
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
    totalBytes: liveBytes(leaves),
    totalChunks: leaves.at(-1)?.endChunk ?? 0n,
  };
}

/** Bytes of the leaves that are not tombstones. */
function liveBytes(leaves: readonly Leaf[]): bigint {
  return leaves.reduce((sum, leaf) => (isTombstone(leaf) ? sum : sum + BigInt(leaf.lengthBytes)), 0n);
}

/** The frontier of a list of leaves: what a revision that appends shows of the list as it is. */
export function frontierOf(crypto: CryptoPort, leaves: readonly Leaf[]): Uint8Array[] {
  return merkleFrontier(
    crypto,
    leaves.map((leaf) => leafHash(crypto, leaf)),
  );
}

/**
 * The commitment after leaves were appended to one whose frontier is known; the leaves must start at its `totalChunks`,
 * and the frontier must be as long as its leaf count says.
 */
export function appendToCommitment(
  crypto: CryptoPort,
  before: Omit<Commitment, 'root'>,
  frontier: readonly Uint8Array[],
  appended: readonly Leaf[],
): Commitment {
  const hashes = appended.map((leaf) => leafHash(crypto, leaf));
  return {
    root: frontierRoot(crypto, appendToFrontier(crypto, frontier, before.leafCount, hashes)),
    leafCount: before.leafCount + appended.length,
    totalBytes: before.totalBytes + liveBytes(appended),
    totalChunks: appended.at(-1)?.endChunk ?? before.totalChunks,
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
