import { assertInvariant } from '#errors';
import { equalBytes } from './bytes.js';
import type { CryptoPort } from './port.js';
import { levelAbove } from './rfc6962.js';

/** A leaf of an RFC 6962 tree by its place and its leaf hash. */
export interface ProvenLeaf {
  readonly index: number;
  readonly hash: Uint8Array;
}

/** A claim that several leaves stand in one tree of `size` leaves; each sibling node is given once. */
export interface MultiClaim {
  readonly root: Uint8Array;
  readonly size: number;
  /** At least one, by ascending index, none twice. */
  readonly leaves: readonly ProvenLeaf[];
  /** The nodes that cannot be computed from the leaves: level by level from the leaves up, left to right. */
  readonly siblings: readonly Uint8Array[];
}

/** Whether the indexes name different leaves of a tree of `size`, in ascending order. */
function areLeavesOf(size: number, indexes: readonly number[]): boolean {
  if (!Number.isSafeInteger(size) || indexes.length === 0) return false;
  let before = -1;
  for (const index of indexes) {
    if (!Number.isSafeInteger(index) || index <= before || index >= size) return false;
    before = index;
  }
  return true;
}

function assertLeaves(size: number, indexes: readonly number[]): void {
  // A text of all of them only where it is needed.
  if (!areLeavesOf(size, indexes))
    assertInvariant(false, `${indexes} are no ascending leaves of a tree of ${size}`);
}

/**
 * Walks from the leaves to the root, a level at a time: `sibling` is asked for each node that the ones below do not
 * give, in the order a proof lists them.
 */
function climb(
  size: number,
  indexes: readonly number[],
  sibling: (level: number, position: number) => void,
): void {
  let positions = indexes;
  let count = size;
  for (let level = 0; count > 1; level++) {
    const above: number[] = [];
    for (let at = 0; at < positions.length; at++) {
      const position = positions[at] as number;
      if (position % 2 === 1) sibling(level, position - 1);
      else if (positions[at + 1] === position + 1) at++;
      else if (position + 1 < count) sibling(level, position + 1);
      above.push(Math.floor(position / 2));
    }
    positions = above;
    count = Math.ceil(count / 2);
  }
}

/** How many siblings prove these leaves (ascending, different, below `size`). */
export function multiProofSiblings(size: number, indexes: readonly number[]): number {
  assertLeaves(size, indexes);
  let siblings = 0;
  climb(size, indexes, () => {
    siblings++;
  });
  return siblings;
}

/** The siblings that prove these leaves (ascending, different) of the tree over the leaf hashes. 32 bytes each. */
export function multiInclusionProof(
  crypto: CryptoPort,
  leafHashes: readonly Uint8Array[],
  indexes: readonly number[],
): Uint8Array[] {
  const size = leafHashes.length;
  assertLeaves(size, indexes);
  const levels = [leafHashes];
  for (let level = leafHashes; level.length > 1; ) {
    level = levelAbove(crypto, level);
    levels.push(level);
  }
  const siblings: Uint8Array[] = [];
  climb(size, indexes, (level, position) => {
    const nodes = levels[level] as readonly Uint8Array[];
    siblings.push((nodes[position] as Uint8Array).slice());
  });
  return siblings;
}

/**
 * Whether the leaves and exactly these siblings give the root; never throws. Hashes each level in one call, and moves
 * bytes by hand: a view for each node would cost more than hashing it does.
 */
export function verifyMultiInclusion(crypto: CryptoPort, claim: MultiClaim): boolean {
  const { root, size, leaves, siblings } = claim;
  const positions = leaves.map(({ index }) => index);
  if (!areLeavesOf(size, positions)) return false;
  if (!leaves.every(({ hash }) => hash.length === 32) || !siblings.every((node) => node.length === 32))
    return false;
  // Hashes of the level at hand, in the order of `positions`; the level above is no longer.
  let hashes: Uint8Array = new Uint8Array(32 * leaves.length);
  for (const [at, { hash }] of leaves.entries()) hashes.set(hash, 32 * at);
  const pairs = new Uint8Array(64 * leaves.length);
  let used = 0;
  let width = leaves.length;
  for (let count = size; count > 1; count = Math.ceil(count / 2)) {
    let paired = 0;
    let carried = -1;
    for (let at = 0; at < width; at++) {
      const position = positions[at] as number;
      positions[paired] = Math.floor(position / 2);
      const place = 64 * paired++;
      if (position % 2 === 1) {
        if (!copySibling(siblings[used++], pairs, place)) return false;
        copyHash(hashes, 32 * at, pairs, place + 32);
        continue;
      }
      copyHash(hashes, 32 * at, pairs, place);
      if (at + 1 < width && positions[at + 1] === position + 1)
        copyHash(hashes, 32 * ++at, pairs, place + 32);
      else if (position + 1 < count) {
        if (!copySibling(siblings[used++], pairs, place + 32)) return false;
      } else carried = place;
    }
    const hashed = carried < 0 ? paired : paired - 1;
    const values = crypto.hashPairs(pairs.subarray(0, 64 * hashed));
    if (carried < 0) hashes = values;
    else {
      // Only the last node of a level has no neighbour.
      hashes = new Uint8Array(32 * paired);
      hashes.set(values);
      copyHash(pairs, carried, hashes, 32 * hashed);
    }
    width = paired;
  }
  return used === siblings.length && equalBytes(hashes, root);
}

function copySibling(node: Uint8Array | undefined, to: Uint8Array, at: number): boolean {
  if (node !== undefined) copyHash(node, 0, to, at);
  return node !== undefined;
}

function copyHash(from: Uint8Array, offset: number, to: Uint8Array, at: number): void {
  for (let byte = 0; byte < 32; byte++) to[at + byte] = from[offset + byte] as number;
}
