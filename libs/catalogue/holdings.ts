import { allEntries } from './changes.js';
import type { Catalogue, FileEntry } from './entry.js';
import type { PackId } from './pack-id.js';

/** Something stored under contracts of its own, a file or a pack, and the entries it keeps. */
export interface Holding {
  /** `#fragments` manifest. */
  readonly manifest: Uint8Array;
  readonly paidUntilHeight: bigint;
  readonly pack: PackId | undefined;
  /** At least one. */
  readonly entries: readonly FileEntry[];
}

/** Everything a catalogue has stored, each once however many files lie in it. */
export function holdingsOf(catalogue: Catalogue): Holding[] {
  return entriesToHoldings(allEntries(catalogue));
}

/** What entries lie in, each pack once. */
export function entriesToHoldings(entries: readonly FileEntry[]): Holding[] {
  const holdings: Holding[] = [];
  const packs = new Map<PackId, FileEntry[]>();
  for (const entry of entries) {
    const { manifest, paidUntilHeight, member } = entry;
    const together = member === undefined ? undefined : packs.get(member.pack);
    if (together !== undefined) {
      together.push(entry);
      continue;
    }
    const list = [entry];
    if (member !== undefined) packs.set(member.pack, list);
    holdings.push({ manifest, paidUntilHeight, pack: member?.pack, entries: list });
  }
  return holdings;
}

/** What a holding is called before people: a file's name, or how many files a pack keeps. */
export function holdingName({ pack, entries }: Holding): string {
  const first = entries[0]?.path ?? '';
  if (pack === undefined || entries.length === 1) return first;
  return `${first} and ${entries.length - 1} more`;
}
