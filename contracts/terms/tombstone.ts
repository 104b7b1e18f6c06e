import type { FragmentId } from '#chain';
import type { Leaf } from './leaves.js';

/** The id that stands where a fragment was dropped; BLAKE3 gives it to no fragment that anybody can find. */
export const TOMBSTONE_ID = '0'.repeat(64) as FragmentId;

/** Whether a leaf's fragment was dropped: its chunks keep their numbers, and nobody has to show them. */
export function isTombstone(leaf: Pick<Leaf, 'id'>): boolean {
  return leaf.id === TOMBSTONE_ID;
}

/** What stands in a leaf's place once its fragment is dropped: length and end stay, so that no chunk moves. */
export function leafToTombstone(leaf: Leaf): Leaf {
  return { ...leaf, id: TOMBSTONE_ID };
}
