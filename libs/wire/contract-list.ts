import type { FragmentId } from '#chain';
import { commitToLeaves, type FragmentEntry, type Leaf, leafToTombstone } from '#contracts';
import { blake3ChunkCount, bytesToHex, type CryptoPort } from '#crypto';
import type { FragmentEntryView } from './views/contract-views.js';

/** Changes of a list that are taken back, newest first, to find the one a root commits to. */
const MAX_STEPS_BACK = 16;

/** Leaves of entries that the ledger or the provider checked; tombstones, many of one id, among them. */
export function entriesToList(entries: readonly FragmentEntry[]): Leaf[] {
  let endChunk = 0n;
  return entries.map((entry) => {
    endChunk += BigInt(blake3ChunkCount(entry.lengthBytes));
    return { ...entry, endChunk };
  });
}

/** Hex of the root over leaves. */
export function rootOf(crypto: CryptoPort, leaves: readonly Leaf[]): string {
  return bytesToHex(commitToLeaves(crypto, leaves).root);
}

/** The leaves that a root commits to, made from a contract's list as the ledger shows it; undefined where none are. */
export function listedLeaves(
  crypto: CryptoPort,
  listed: readonly FragmentEntryView[],
  root: string,
): Leaf[] | undefined {
  for (const height of heightsOfChange(listed)) {
    const leaves = leavesAtHeight(listed, height);
    if (rootOf(crypto, leaves) === root) return leaves;
  }
  return undefined;
}

/** The list after the block of a height. */
function leavesAtHeight(listed: readonly FragmentEntryView[], height: number): Leaf[] {
  const there = listed.filter(({ addedAt }) => addedAt <= height);
  const leaves = entriesToList(there.map(({ id, lengthBytes }) => ({ id: id as FragmentId, lengthBytes })));
  return leaves.map((leaf, index) => {
    const droppedAt = there[index]?.droppedAt ?? null;
    return droppedAt !== null && droppedAt <= height ? leafToTombstone(leaf) : leaf;
  });
}

/** Newest first. */
function heightsOfChange(listed: readonly FragmentEntryView[]): number[] {
  const heights = new Set(listed.flatMap(({ addedAt, droppedAt }) => [addedAt, droppedAt ?? addedAt]));
  return [...heights].sort((a, b) => b - a).slice(0, MAX_STEPS_BACK);
}
