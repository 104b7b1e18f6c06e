import { type Catalogue, type FileEntry, versionOf } from './entry.js';
import type { PackId } from './pack-id.js';
import { comparePaths } from './path.js';

/** Newest entries by path, made once for a catalogue. */
const indexes = new WeakMap<Catalogue, ReadonlyMap<string, FileEntry>>();

/** The newest version of a path, or the one asked for where it was kept. */
export function findFile(catalogue: Catalogue, path: string, version?: number): FileEntry | undefined {
  let index = indexes.get(catalogue);
  if (index === undefined) {
    index = new Map(catalogue.files.map((file) => [file.path, file]));
    indexes.set(catalogue, index);
  }
  const newest = index.get(path);
  if (version === undefined || newest === undefined || versionOf(newest) === version) return newest;
  return catalogue.earlier.find((entry) => entry.path === path && versionOf(entry) === version);
}

/** Every version of a path that is kept, the newest first. */
export function versionsOf(catalogue: Catalogue, path: string): FileEntry[] {
  const newest = findFile(catalogue, path);
  const before = catalogue.earlier.filter((entry) => entry.path === path).reverse();
  return newest === undefined ? [] : [newest, ...before];
}

/** Every entry: the newest versions, then the earlier ones. */
export function allEntries(catalogue: Catalogue): FileEntry[] {
  return [...catalogue.files, ...catalogue.earlier];
}

/**
 * The catalogue with entries put in. What was under their paths is replaced; with `keepVersions` it becomes an earlier
 * version. One pass for all of them: of several of one path the last counts.
 */
export function withFiles(
  catalogue: Catalogue,
  entries: readonly FileEntry[],
  { keepVersions = false }: { readonly keepVersions?: boolean } = {},
): Catalogue {
  const files = new Map(catalogue.files.map((file) => [file.path, file]));
  const replaced: FileEntry[] = [];
  for (const [path, entry] of new Map(entries.map((each) => [each.path, each]))) {
    const before = files.get(path);
    if (before !== undefined) replaced.push(before);
    files.set(path, { ...entry, version: before === undefined ? 1 : versionOf(before) + 1 });
  }
  const earlier = keepVersions ? [...catalogue.earlier, ...replaced] : catalogue.earlier;
  return { ...catalogue, files: [...files.values()].sort(byPath), earlier: inOrder(earlier, keepVersions) };
}

/** The catalogue without some paths, with all their versions. */
export function withoutFiles(catalogue: Catalogue, paths: ReadonlySet<string>): Catalogue {
  const isKept = ({ path }: FileEntry): boolean => !paths.has(path);
  return { ...catalogue, files: catalogue.files.filter(isKept), earlier: catalogue.earlier.filter(isKept) };
}

/** The catalogue without one version of a path; the newest of those left becomes the file. */
export function withoutVersion(catalogue: Catalogue, path: string, version: number): Catalogue {
  const rest = versionsOf(catalogue, path).filter((entry) => versionOf(entry) !== version);
  const without = withoutFiles(catalogue, new Set([path]));
  const [newest, ...before] = rest;
  if (newest === undefined) return without;
  return {
    ...catalogue,
    files: [...without.files, newest].sort(byPath),
    earlier: inOrder([...without.earlier, ...before], true),
  };
}

/**
 * The catalogue with the contracts and paid heights that entries have now. An entry of a pack stands for all of the
 * pack; what was replaced or removed meanwhile stays as it is.
 */
export function withRenewed(catalogue: Catalogue, renewed: readonly FileEntry[]): Catalogue {
  const packs = new Map<PackId, FileEntry>();
  const wholes = new Map<string, FileEntry>();
  for (const entry of renewed) {
    if (entry.member === undefined) wholes.set(keyOf(entry), entry);
    else packs.set(entry.member.pack, entry);
  }
  const renew = (entry: FileEntry): FileEntry => {
    const now = entry.member === undefined ? wholes.get(keyOf(entry)) : packs.get(entry.member.pack);
    if (now === undefined) return entry;
    return { ...entry, manifest: now.manifest, paidUntilHeight: now.paidUntilHeight };
  };
  return { ...catalogue, files: catalogue.files.map(renew), earlier: catalogue.earlier.map(renew) };
}

/** An entry as the catalogue has it now, under whatever contracts; of a pack any entry, which stands for all of it. */
export function entryNow(catalogue: Catalogue, entry: FileEntry): FileEntry | undefined {
  const pack = entry.member?.pack;
  const isIt = (one: FileEntry): boolean =>
    pack === undefined ? one.member === undefined && keyOf(one) === keyOf(entry) : one.member?.pack === pack;
  return allEntries(catalogue).find(isIt);
}

/** The catalogue with members that lie elsewhere now: `moved` by `memberKey` of where they lay. */
export function withMoved(catalogue: Catalogue, moved: ReadonlyMap<string, FileEntry>): Catalogue {
  const move = (entry: FileEntry): FileEntry => {
    const to = entry.member === undefined ? undefined : moved.get(memberKey(entry));
    if (to?.member === undefined) return entry;
    return { ...entry, manifest: to.manifest, paidUntilHeight: to.paidUntilHeight, member: to.member };
  };
  return { ...catalogue, files: catalogue.files.map(move), earlier: catalogue.earlier.map(move) };
}

/** Where a packed entry lies: its pack and its place in it. */
export function memberKey({ member }: FileEntry): string {
  return member === undefined ? '' : `${member.pack}:${member.offset}`;
}

function keyOf(entry: FileEntry): string {
  return `${versionOf(entry)}:${entry.storedAt}:${entry.path}`;
}

function byPath(a: FileEntry, b: FileEntry): number {
  return comparePaths(a.path, b.path);
}

function inOrder(earlier: readonly FileEntry[], isChanged: boolean): readonly FileEntry[] {
  return isChanged ? [...earlier].sort((a, b) => byPath(a, b) || versionOf(a) - versionOf(b)) : earlier;
}

/** The catalogue with one entry put in. */
export function withFile(catalogue: Catalogue, entry: FileEntry): Catalogue {
  return withFiles(catalogue, [entry]);
}

/** The catalogue without a path. */
export function withoutFile(catalogue: Catalogue, path: string): Catalogue {
  return withoutFiles(catalogue, new Set([path]));
}
