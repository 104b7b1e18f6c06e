import { assertInvariant } from '#errors';
import { concatBytes, equalBytes } from './bytes.js';
import type { CryptoPort } from './port.js';

/** A claim that one leaf stands at `index` of a tree of `size` leaves; `path` runs from leaf to root. */
export interface InclusionClaim {
  readonly root: Uint8Array;
  readonly leafHash: Uint8Array;
  readonly index: number;
  readonly size: number;
  readonly path: readonly Uint8Array[];
}

/** A claim that the tree of `oldSize` leaves is the beginning of the tree of `newSize` leaves. */
export interface ConsistencyClaim {
  readonly oldSize: number;
  readonly oldRoot: Uint8Array;
  readonly newSize: number;
  readonly newRoot: Uint8Array;
  readonly path: readonly Uint8Array[];
}

/** SHA-256(0x00 || data): the leaf hash of RFC 6962, section 2.1. 32 bytes. */
export function merkleLeafHash(crypto: CryptoPort, data: Uint8Array): Uint8Array {
  const prefixed = new Uint8Array(data.length + 1);
  prefixed.set(data, 1);
  return crypto.sha256(prefixed);
}

function nodeHash(crypto: CryptoPort, left: Uint8Array, right: Uint8Array): Uint8Array {
  return crypto.hashPairs(concatBytes(left, right));
}

/**
 * The level above: neighbours hashed in pairs, an odd last one carried up unchanged. Repeated, this gives the
 * same tree as RFC 6962's recursive split at the largest power of two, and hashes a level in one call.
 */
export function levelAbove(crypto: CryptoPort, level: readonly Uint8Array[]): Uint8Array[] {
  const pairCount = Math.floor(level.length / 2);
  const pairs = new Uint8Array(64 * pairCount);
  for (let i = 0; i < 2 * pairCount; i++) pairs.set(level[i] as Uint8Array, 32 * i);
  const hashes = crypto.hashPairs(pairs);
  const above: Uint8Array[] = [];
  for (let i = 0; i < pairCount; i++) above.push(hashes.slice(32 * i, 32 * i + 32));
  if (level.length % 2 === 1) above.push(level[level.length - 1] as Uint8Array);
  return above;
}

/** Root of the tree over leaf hashes (RFC 6962, 2.1); the empty tree is SHA-256 of nothing. 32 bytes. */
export function merkleRoot(crypto: CryptoPort, leafHashes: readonly Uint8Array[]): Uint8Array {
  if (leafHashes.length === 0) return crypto.sha256(new Uint8Array(0));
  // As `levelAbove` again and again, each level in one piece: a block has thousands of leaves.
  const level = new Uint8Array(32 * leafHashes.length);
  for (const [index, leaf] of leafHashes.entries()) level.set(leaf, 32 * index);
  return merkleRootOfHashes(crypto, level);
}

/** As `merkleRoot`, of leaf hashes that stand one after the other: m*32 bytes. 32 fresh bytes. */
export function merkleRootOfHashes(crypto: CryptoPort, leafHashes: Uint8Array): Uint8Array {
  if (leafHashes.length === 0) return crypto.sha256(leafHashes);
  assertInvariant(leafHashes.length % 32 === 0, `${leafHashes.length} bytes are no hashes of 32 bytes`);
  let level = leafHashes;
  while (level.length > 32) {
    const pairBytes = level.length - (level.length % 64);
    const above = crypto.hashPairs(level.subarray(0, pairBytes));
    level = pairBytes === level.length ? above : concatBytes(above, level.subarray(pairBytes));
  }
  return level.slice();
}

/** Root of the tree over the leaves themselves. */
export function merkleRootOf(crypto: CryptoPort, leaves: readonly Uint8Array[]): Uint8Array {
  return merkleRoot(
    crypto,
    leaves.map((leaf) => merkleLeafHash(crypto, leaf)),
  );
}

/** Audit path of one leaf, from its sibling up to the root's child (RFC 6962, 2.1.1). */
export function inclusionProof(
  crypto: CryptoPort,
  leafHashes: readonly Uint8Array[],
  index: number,
): Uint8Array[] {
  assertInvariant(
    Number.isSafeInteger(index) && index >= 0 && index < leafHashes.length,
    `leaf ${index} is not in a tree of ${leafHashes.length}`,
  );
  const path: Uint8Array[] = [];
  let level = leafHashes;
  for (let position = index; level.length > 1; position = Math.floor(position / 2)) {
    const sibling = level[position % 2 === 0 ? position + 1 : position - 1];
    if (sibling !== undefined) path.push(sibling.slice());
    level = levelAbove(crypto, level);
  }
  return path;
}

/** Where a path from a leaf leads (RFC 9162, 2.1.3.2), or undefined where no tree has such a path; never throws. */
export function rootOfPath(crypto: CryptoPort, claim: Omit<InclusionClaim, 'root'>): Uint8Array | undefined {
  const { leafHash, index, size, path } = claim;
  if (!Number.isSafeInteger(index) || !Number.isSafeInteger(size) || index < 0 || index >= size) {
    return undefined;
  }
  if (leafHash.length !== 32) return undefined;
  let position = index;
  let last = size - 1;
  let hash = leafHash;
  for (const sibling of path) {
    if (last === 0 || sibling.length !== 32) return undefined;
    if (position % 2 === 1 || position === last) {
      hash = nodeHash(crypto, sibling, hash);
      while (position % 2 === 0 && position !== 0) {
        position = Math.floor(position / 2);
        last = Math.floor(last / 2);
      }
    } else {
      hash = nodeHash(crypto, hash, sibling);
    }
    position = Math.floor(position / 2);
    last = Math.floor(last / 2);
  }
  return last === 0 ? hash : undefined;
}

/** Whether the path leads from the leaf to the root; never throws. */
export function verifyInclusion(crypto: CryptoPort, claim: InclusionClaim): boolean {
  const root = rootOfPath(crypto, claim);
  return root !== undefined && equalBytes(root, claim.root);
}

/**
 * The roots of the complete subtrees a tree of these leaves is made of, from the left (largest) to the right: one for
 * each 1 in the binary count. They are all that is needed to append.
 */
export function merkleFrontier(crypto: CryptoPort, leafHashes: readonly Uint8Array[]): Uint8Array[] {
  return appendToFrontier(crypto, [], 0, leafHashes);
}

/** How many nodes the frontier of a tree of `size` leaves has. */
export function frontierLength(size: number): number {
  let ones = 0;
  for (let rest = size; rest > 0; rest = Math.floor(rest / 2)) ones += rest % 2;
  return ones;
}

/** The frontier of a tree of `size` leaves after more leaves. */
export function appendToFrontier(
  crypto: CryptoPort,
  frontier: readonly Uint8Array[],
  size: number,
  leafHashes: readonly Uint8Array[],
): Uint8Array[] {
  assertInvariant(
    frontier.length === frontierLength(size),
    `a tree of ${size} leaves has no frontier of ${frontier.length} nodes`,
  );
  const left = [...frontier];
  const after: Uint8Array[] = [];
  let level: readonly Uint8Array[] = leafHashes;
  for (let count = size; count > 0 || level.length > 0; count = Math.floor(count / 2)) {
    // The complete subtree of this height that waited for a right sibling.
    if (count % 2 === 1) level = [left.pop() as Uint8Array, ...level];
    if (level.length % 2 === 1) after.unshift(level.at(-1) as Uint8Array);
    level = levelAbove(crypto, level.slice(0, level.length - (level.length % 2)));
  }
  return after;
}

/** Root of the tree that a frontier is of; the empty tree is SHA-256 of nothing. 32 bytes. */
export function frontierRoot(crypto: CryptoPort, frontier: readonly Uint8Array[]): Uint8Array {
  const last = frontier.at(-1);
  if (last === undefined) return crypto.sha256(new Uint8Array(0));
  return frontier.slice(0, -1).reduceRight((right, left) => nodeHash(crypto, left, right), last);
}

function largestPowerOfTwoBelow(count: number): number {
  let power = 1;
  while (power * 2 < count) power *= 2;
  return power;
}

function subproof(
  crypto: CryptoPort,
  oldSize: number,
  leafHashes: readonly Uint8Array[],
  isWholeOldTree: boolean,
): Uint8Array[] {
  if (oldSize === leafHashes.length) return isWholeOldTree ? [] : [merkleRoot(crypto, leafHashes)];
  const split = largestPowerOfTwoBelow(leafHashes.length);
  const left = leafHashes.slice(0, split);
  const right = leafHashes.slice(split);
  if (oldSize <= split) {
    return [...subproof(crypto, oldSize, left, isWholeOldTree), merkleRoot(crypto, right)];
  }
  return [...subproof(crypto, oldSize - split, right, false), merkleRoot(crypto, left)];
}

/** Proof that the first `oldSize` leaves are the beginning of this tree (RFC 6962, 2.1.2). */
export function consistencyProof(
  crypto: CryptoPort,
  leafHashes: readonly Uint8Array[],
  oldSize: number,
): Uint8Array[] {
  assertInvariant(
    Number.isSafeInteger(oldSize) && oldSize >= 1 && oldSize <= leafHashes.length,
    `no consistency proof from size ${oldSize} to size ${leafHashes.length}`,
  );
  return subproof(crypto, oldSize, leafHashes, true);
}

/** Whether the proof shows the old tree inside the new one (RFC 9162, 2.1.4.2); never throws. */
export function verifyConsistency(crypto: CryptoPort, claim: ConsistencyClaim): boolean {
  const { oldSize, oldRoot, newSize, newRoot, path } = claim;
  if (!Number.isSafeInteger(oldSize) || !Number.isSafeInteger(newSize)) return false;
  if (oldSize < 1 || oldSize > newSize) return false;
  if (path.some((hash) => hash.length !== 32)) return false;
  if (oldSize === newSize) return path.length === 0 && equalBytes(oldRoot, newRoot);

  let position = oldSize - 1;
  let last = newSize - 1;
  while (position % 2 === 1) {
    position = Math.floor(position / 2);
    last = Math.floor(last / 2);
  }
  // A complete old tree is its own first node: the proof leaves it out.
  const hashes = position === 0 ? [oldRoot, ...path] : path;
  const first = hashes[0];
  if (first === undefined || first.length !== 32) return false;
  let oldHash = first;
  let newHash = first;
  for (const sibling of hashes.slice(1)) {
    if (last === 0) return false;
    if (position % 2 === 1 || position === last) {
      oldHash = nodeHash(crypto, sibling, oldHash);
      newHash = nodeHash(crypto, sibling, newHash);
      while (position % 2 === 0 && position !== 0) {
        position = Math.floor(position / 2);
        last = Math.floor(last / 2);
      }
    } else {
      newHash = nodeHash(crypto, newHash, sibling);
    }
    position = Math.floor(position / 2);
    last = Math.floor(last / 2);
  }
  return last === 0 && equalBytes(oldHash, oldRoot) && equalBytes(newHash, newRoot);
}
