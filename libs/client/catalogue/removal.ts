import {
  allEntries,
  type Catalogue,
  type FileEntry,
  findFile,
  type Holding,
  versionsOf,
  withoutFiles,
  withoutVersion,
} from '#catalogue';
import { AppError } from '#errors';
import { isPlaced } from '#fragments';
import { wastefulPacks } from '../packs/repack.js';
import { holdingManifest } from './entry-content.js';
import { releasedBy } from './release.js';

/** What is to be taken out of the catalogue. */
export interface Removal {
  /** Names of files; one that ends in `/` stands for everything below it. */
  readonly names: readonly string[];
  /** One version alone, of a single name. */
  readonly version?: number | undefined;
}

/** What a removal sets free. */
export interface RemovalPlan {
  readonly entries: readonly FileEntry[];
  /** Contracts that end, those of packs stored anew among them. */
  readonly contracts: readonly string[];
  /** Bytes that providers give back, before what is stored anew. */
  readonly storedBytes: number;
  /** Packs whose live members are stored anew. */
  readonly repacks: readonly Holding[];
  /** Files that stay in packs in which they leave something dead behind, for now. */
  readonly leftBehind: number;
}

/** The catalogue without what is to be removed. @throws AppError `catalogue/no-such-file`, `catalogue/no-such-version` */
export function withRemoved(catalogue: Catalogue, removal: Removal): Catalogue {
  const paths = pathsOf(catalogue, removal);
  const { version } = removal;
  if (version === undefined) return withoutFiles(catalogue, paths);
  const [path = ''] = paths;
  if (findFile(catalogue, path, version) === undefined) throw noSuchVersion(catalogue, path, version);
  return withoutVersion(catalogue, path, version);
}

/** What a removal would set free, from the catalogue alone. */
export function planRemoval(catalogue: Catalogue, removal: Removal): RemovalPlan {
  const after = withRemoved(catalogue, removal);
  const left = new Set(allEntries(after));
  const entries = allEntries(catalogue).filter((entry) => !left.has(entry));
  const repacks = wastefulPacks(after);
  const moved = new Set(repacks.map(({ pack }) => pack));
  const isMoved = ({ member }: FileEntry): boolean => member !== undefined && moved.has(member.pack);
  const without = {
    ...after,
    files: after.files.filter((entry) => !isMoved(entry)),
    earlier: after.earlier.filter((entry) => !isMoved(entry)),
  };
  const released = releasedBy(catalogue, without);
  const freed = new Set(released.holdings.map(({ manifest }) => manifest));
  return {
    entries,
    contracts: released.contracts,
    storedBytes: released.holdings.reduce((sum, holding) => sum + storedBytesOf(holding), 0),
    repacks,
    leftBehind: entries.filter(({ manifest }) => !freed.has(manifest)).length,
  };
}

/** Bytes that providers keep of a file or a pack. */
export function storedBytesOf(holding: Holding): number {
  return holdingManifest(holding).segments.reduce(
    (sum, { fragmentLength, holders }) => sum + fragmentLength * holders.filter(isPlaced).length,
    0,
  );
}

function pathsOf(catalogue: Catalogue, { names, version }: Removal): Set<string> {
  const folders = names.filter((name) => name.endsWith('/') && findFile(catalogue, name) === undefined);
  if (version !== undefined && (names.length !== 1 || folders.length > 0)) {
    throw new AppError({
      code: 'cli/one-name',
      message: 'A version is of one file.',
      next: 'Name a single file beside --version.',
    });
  }
  const paths = new Set(names.filter((name) => findFile(catalogue, name) !== undefined));
  for (const folder of folders) {
    const below = catalogue.files.filter(({ path }) => path.startsWith(folder));
    if (below.length === 0) throw noSuchFile(catalogue, folder);
    for (const { path } of below) paths.add(path);
  }
  const missing = names.find((name) => !paths.has(name) && !folders.includes(name));
  if (missing !== undefined) throw noSuchFile(catalogue, missing);
  return paths;
}

function noSuchFile(catalogue: Catalogue, name: string): AppError {
  const isFolder = catalogue.files.some(({ path }) => path.startsWith(`${name}/`));
  return new AppError({
    code: 'catalogue/no-such-file',
    message: `No file '${name}' is stored; ${catalogue.files.length} are.`,
    next: isFolder
      ? `'${name}/' names everything below it.`
      : 'See `cairn ls` for the names; a name that ends in / stands for everything below it.',
  });
}

function noSuchVersion(catalogue: Catalogue, path: string, version: number): AppError {
  const kept = versionsOf(catalogue, path).map((entry) => entry.version ?? 1);
  return new AppError({
    code: 'catalogue/no-such-version',
    message: `Version ${version} of '${path}' is not kept; ${kept.join(', ')} ${kept.length === 1 ? 'is' : 'are'}.`,
    next: 'See `cairn ls --versions`.',
  });
}
