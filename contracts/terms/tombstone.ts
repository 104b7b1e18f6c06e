import type { FragmentId } from '#chain';

/** The id that stands where a fragment was dropped; BLAKE3 gives it to no fragment that anybody can find. */
export const TOMBSTONE_ID = '0'.repeat(64) as FragmentId;

/** Whether a leaf's fragment was dropped: its chunks keep their numbers, and nobody has to show them. */
export function isTombstone(leaf: { readonly id: string }): boolean {
  return leaf.id === TOMBSTONE_ID;
}

/** What stands in a leaf's place once its fragment is dropped: length and end stay, so that no chunk moves. */
export function leafToTombstone<T extends { readonly id: FragmentId }>(leaf: T): T {
  return { ...leaf, id: TOMBSTONE_ID };
}
