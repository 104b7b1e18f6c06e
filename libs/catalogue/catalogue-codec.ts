import {
  bytes,
  DecodeError,
  decode,
  encode,
  hexId,
  list,
  type Schema,
  height as safeInteger,
  struct,
  type TypeOf,
  text,
  u8,
  u32,
  u63,
  varBytes,
} from '#chain';
import { accepted, assertInvariant, type Result, refused, type Violation } from '#errors';
import { type Catalogue, type FileEntry, versionOf } from './entry.js';
import { PACK_ID_BYTES, type PackId } from './pack-id.js';
import { compareBytes, comparePaths, MAX_PATH_BYTES, pathToText, textToPath } from './path.js';

/** The format that is written; 1, without packs and versions, is still read. */
export const CATALOGUE_VERSION = 2;
const MAX_V1_PATH_BYTES = 4_096;
const MAX_MANIFEST_BYTES = 1 << 30;
const MAX_FILES = 10_000_000;

const v1Schema = struct({
  sequence: u63,
  files: list(
    struct({
      path: text(MAX_V1_PATH_BYTES),
      sizeBytes: u63,
      modifiedAt: u63,
      storedAt: u63,
      paidUntilHeight: u63,
      manifest: varBytes(MAX_MANIFEST_BYTES),
    }),
    MAX_FILES,
  ),
});

const wholeSchema = struct({ paidUntilHeight: u63, manifest: varBytes(MAX_MANIFEST_BYTES) });
const packedSchema = struct({ pack: u32, offset: safeInteger, contentKey: bytes(32), fileHash: bytes(32) });
type Content = TypeOf<typeof wholeSchema> | TypeOf<typeof packedSchema>;

/** 0: a file with its own manifest; 1: a part of a pack, by its place in the table. */
const contentSchema: Schema<Content> = {
  write: (writer, value) => {
    writer.u8('pack' in value ? 1 : 0);
    if ('pack' in value) packedSchema.write(writer, value);
    else wholeSchema.write(writer, value);
  },
  read: (reader) => {
    const tag = u8.read(reader);
    if (tag > 1) throw new DecodeError('catalogue/content', { tag });
    return tag === 1 ? packedSchema.read(reader) : wholeSchema.read(reader);
  },
};

const entrySchema = struct({
  path: varBytes(MAX_PATH_BYTES),
  version: u32,
  sizeBytes: u63,
  modifiedAt: u63,
  storedAt: u63,
  content: contentSchema,
});
type EncodedEntry = TypeOf<typeof entrySchema>;

const packSchema = struct({
  id: hexId<PackId>(PACK_ID_BYTES),
  paidUntilHeight: u63,
  manifest: varBytes(MAX_MANIFEST_BYTES),
});
type EncodedPack = TypeOf<typeof packSchema>;

const v2Schema = struct({
  sequence: u63,
  packs: list(packSchema, MAX_FILES),
  files: list(entrySchema, MAX_FILES),
  earlier: list(entrySchema, MAX_FILES),
});

/** Version byte and canonical bytes. The table of packs is that of the packs its entries lie in. */
export function encodeCatalogue(catalogue: Catalogue): Uint8Array {
  const packs = packsOf([...catalogue.files, ...catalogue.earlier]);
  const indexes = new Map(packs.map(({ id }, index) => [id, index]));
  const toEncoded = (entry: FileEntry): EncodedEntry => ({
    path: textToPath(entry.path),
    version: versionOf(entry),
    sizeBytes: entry.sizeBytes,
    modifiedAt: entry.modifiedAt,
    storedAt: entry.storedAt,
    content:
      entry.member === undefined
        ? { paidUntilHeight: entry.paidUntilHeight, manifest: entry.manifest }
        : { ...entry.member, pack: indexes.get(entry.member.pack) as number },
  });
  const body = encode(v2Schema, {
    sequence: catalogue.sequence,
    packs,
    files: catalogue.files.map(toEncoded),
    earlier: catalogue.earlier.map(toEncoded),
  });
  const out = new Uint8Array(1 + body.length);
  out[0] = CATALOGUE_VERSION;
  out.set(body, 1);
  return out;
}

/** A catalogue of its bytes, or what is wrong with them. */
export function decodeCatalogue(source: Uint8Array): Result<Catalogue> {
  const body = source.subarray(1);
  if (source[0] === 1) return decodeV1(body);
  if (source[0] !== CATALOGUE_VERSION) {
    return refused({ rule: 'catalogue/version', version: source[0] ?? 'none', allowed: CATALOGUE_VERSION });
  }
  const decoded = decode(v2Schema, body);
  if (!decoded.ok) return decoded;
  const { sequence, packs, files, earlier } = decoded.value;
  const violation = validatePacks(packs, [...files, ...earlier]) ?? validateOrder(files, earlier);
  if (violation !== undefined) return refused(violation);
  const toEntry = (entry: EncodedEntry): FileEntry => fromEncoded(entry, packs);
  return accepted({ sequence, files: files.map(toEntry), earlier: earlier.map(toEntry) });
}

function decodeV1(body: Uint8Array): Result<Catalogue> {
  const decoded = decode(v1Schema, body);
  if (!decoded.ok) return decoded;
  const { sequence, files } = decoded.value;
  for (let index = 0; index < files.length; index++) {
    const [before, { path }] = [files[index - 1], files[index] as { path: string }];
    if (path === '') return refused({ rule: 'catalogue/path', index });
    if (before !== undefined && comparePaths(before.path, path) >= 0)
      return refused({ rule: 'catalogue/order', index, path });
  }
  return accepted({ sequence, files: files.map((file) => ({ ...file, version: 1 })), earlier: [] });
}

/** The packs that entries lie in, by id. */
function packsOf(entries: readonly FileEntry[]): EncodedPack[] {
  const packs = new Map<PackId, EncodedPack>();
  for (const { member, manifest, paidUntilHeight } of entries) {
    if (member === undefined) continue;
    const known = packs.get(member.pack);
    if (known === undefined) packs.set(member.pack, { id: member.pack, paidUntilHeight, manifest });
    else
      assertInvariant(
        known.manifest === manifest || compareBytes(known.manifest, manifest) === 0,
        `pack ${member.pack} has two manifests in one catalogue`,
      );
  }
  return [...packs.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
}

function fromEncoded(encoded: EncodedEntry, packs: readonly EncodedPack[]): FileEntry {
  const { path, content, ...about } = encoded;
  const named = { path: pathToText(path), ...about };
  if (!('pack' in content)) return { ...named, ...content };
  const { pack: index, ...place } = content;
  const { id, paidUntilHeight, manifest } = packs[index] as EncodedPack;
  return { ...named, paidUntilHeight, manifest, member: { pack: id, ...place } };
}

/** Packs ascend by id and each is used: whatever nothing lies in is not listed. */
function validatePacks(
  packs: readonly EncodedPack[],
  entries: readonly EncodedEntry[],
): Violation | undefined {
  const unused = new Set(packs.keys());
  for (const { content } of entries) {
    if (!('pack' in content)) continue;
    if (content.pack >= packs.length)
      return { rule: 'catalogue/pack', pack: content.pack, packs: packs.length };
    unused.delete(content.pack);
  }
  for (const pack of unused) return { rule: 'catalogue/pack-unused', pack };
  for (let index = 1; index < packs.length; index++) {
    if ((packs[index - 1] as EncodedPack).id >= (packs[index] as EncodedPack).id)
      return { rule: 'catalogue/pack-order', pack: index };
  }
  return undefined;
}

/** Paths ascend by their bytes; earlier versions ascend by path and version and are older than the file there is. */
function validateOrder(
  files: readonly EncodedEntry[],
  earlier: readonly EncodedEntry[],
): Violation | undefined {
  let current = 0;
  for (const [index, { path, version }] of files.entries()) {
    if (path.length === 0) return { rule: 'catalogue/path', index };
    if (version === 0) return { rule: 'catalogue/file-version', index, version };
    const before = files[index - 1];
    if (before !== undefined && compareBytes(before.path, path) >= 0)
      return { rule: 'catalogue/order', index, path: pathToText(path) };
  }
  for (const [index, entry] of earlier.entries()) {
    while (current < files.length && compareBytes((files[current] as EncodedEntry).path, entry.path) < 0)
      current += 1;
    const file = files[current];
    const before = earlier[index - 1];
    const isOfFile = file !== undefined && compareBytes(file.path, entry.path) === 0;
    const ofSamePath = before !== undefined && compareBytes(before.path, entry.path) === 0;
    const isNewer = !ofSamePath || before.version < entry.version;
    if (!isOfFile || !isNewer || entry.version === 0 || entry.version >= file.version)
      return { rule: 'catalogue/file-version', index, version: entry.version };
  }
  return undefined;
}
