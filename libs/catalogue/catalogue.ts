import { decode, encode, list, struct, type TypeOf, text, u63, varBytes } from '#chain';
import { type Result, refused } from '#errors';

/** The only catalogue format so far. */
export const CATALOGUE_VERSION = 1;
const MAX_PATH_BYTES = 4_096;
const MAX_MANIFEST_BYTES = 1 << 30;
const MAX_FILES = 10_000_000;

const fileEntrySchema = struct({
  /** Name under which the client stored it; any UTF-8. */
  path: text(MAX_PATH_BYTES),
  sizeBytes: u63,
  /** Milliseconds since 1970: of the source file, and of the upload. */
  modifiedAt: u63,
  storedAt: u63,
  /** Last height that is paid for (exclusive). */
  paidUntilHeight: u63,
  /** `#fragments` manifest, keys included. */
  manifest: varBytes(MAX_MANIFEST_BYTES),
});

/** One stored file. */
export type FileEntry = TypeOf<typeof fileEntrySchema>;

const catalogueSchema = struct({
  /** The anchor's sequence number under which this catalogue is published. */
  sequence: u63,
  files: list(fileEntrySchema, MAX_FILES),
});

/** Everything a client has stored, in ascending path order. It is itself stored like a file and anchored on chain. */
export type Catalogue = TypeOf<typeof catalogueSchema>;

/** The catalogue of somebody who has stored nothing. */
export const emptyCatalogue: Catalogue = { sequence: 0n, files: [] };

/** Version byte and canonical bytes. */
export function encodeCatalogue(catalogue: Catalogue): Uint8Array {
  const body = encode(catalogueSchema, catalogue);
  const out = new Uint8Array(1 + body.length);
  out[0] = CATALOGUE_VERSION;
  out.set(body, 1);
  return out;
}

/** A catalogue of its bytes, or what is wrong with them. */
export function decodeCatalogue(source: Uint8Array): Result<Catalogue> {
  if (source[0] !== CATALOGUE_VERSION) {
    return refused({ rule: 'catalogue/version', version: source[0] ?? 'none', allowed: CATALOGUE_VERSION });
  }
  const decoded = decode(catalogueSchema, source.subarray(1)) as Result<Catalogue>;
  if (!decoded.ok) return decoded;
  const { files } = decoded.value;
  for (let index = 1; index < files.length; index++) {
    const [before, after] = [files[index - 1] as FileEntry, files[index] as FileEntry];
    if (comparePaths(before, after) >= 0)
      return refused({ rule: 'catalogue/order', index, path: after.path });
  }
  return decoded;
}

/** The entry of a path. */
export function findFile(catalogue: Catalogue, path: string): FileEntry | undefined {
  return catalogue.files.find((file) => file.path === path);
}

/** The catalogue with an entry put in or replaced. */
export function withFile(catalogue: Catalogue, entry: FileEntry): Catalogue {
  const others = catalogue.files.filter((file) => file.path !== entry.path);
  return { ...catalogue, files: [...others, entry].sort(comparePaths) };
}

/** The catalogue without a path. */
export function withoutFile(catalogue: Catalogue, path: string): Catalogue {
  return { ...catalogue, files: catalogue.files.filter((file) => file.path !== path) };
}

/** The order of the UTF-8 bytes, which is that of the code points: UTF-16 alone would put U+FFFF after U+10000. */
function comparePaths(a: FileEntry, b: FileEntry): number {
  const length = Math.min(a.path.length, b.path.length);
  for (let at = 0; at < length; at++) {
    const [left, right] = [a.path.charCodeAt(at), b.path.charCodeAt(at)];
    if (left !== right) return codePointRank(left) - codePointRank(right);
  }
  return a.path.length - b.path.length;
}

/** Orders UTF-16 units as the code points they belong to: surrogates last. */
function codePointRank(unit: number): number {
  if (unit < 0xd800) return unit;
  return unit < 0xe000 ? unit + 0x2000 : unit - 0x800;
}
