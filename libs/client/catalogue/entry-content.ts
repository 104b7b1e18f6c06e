import { type Catalogue, entriesToHoldings, type FileEntry, type Holding } from '#catalogue';
import { bytesToHex } from '#crypto';
import { AppError, violationToText } from '#errors';
import { decodeManifest, type Manifest, sealedLength } from '#fragments';
import type { ByteRange } from '../transfer/download.js';
import { contractsOf } from '../transfer/upload.js';

/** Where the bytes of an entry are: all of a stored file, or a part of a pack. */
export interface EntryContent {
  /** Of the file itself or of the pack: fragments, contracts, repair key. */
  readonly manifest: Manifest;
  /** BLAKE3 of the file. */
  readonly fileHash: Uint8Array;
  /** Set where it lies in a pack. */
  readonly member?: {
    /** Bytes of the pack that hold its sealed stream. */
    readonly range: ByteRange;
    /** 32 bytes: of its records. */
    readonly contentKey: Uint8Array;
  };
}

/** Read once however many entries lie in a pack. */
const manifests = new WeakMap<Uint8Array, Manifest>();

/** The manifest that keeps a catalogue entry: its own, or that of the pack it lies in. */
export function manifestOf(entry: Pick<FileEntry, 'manifest' | 'path'>): Manifest {
  const known = manifests.get(entry.manifest);
  if (known !== undefined) return known;
  const decoded = decodeManifest(entry.manifest);
  if (!decoded.ok) throw badManifest(entry.path, violationToText(decoded.violation));
  manifests.set(entry.manifest, decoded.value);
  return decoded.value;
}

/** Where the bytes of an entry are, and what opens them. */
export function entryContent(_catalogue: Catalogue | undefined, entry: FileEntry): EntryContent {
  const manifest = manifestOf(entry);
  const { member, sizeBytes } = entry;
  if (member === undefined) return { manifest, fileHash: manifest.fileHash };
  const toExclusive = member.offset + sealedLength(Number(sizeBytes));
  if (toExclusive > manifest.sizeBytes) {
    throw badManifest(entry.path, `its bytes end at ${toExclusive} of a pack of ${manifest.sizeBytes}`);
  }
  return {
    manifest,
    fileHash: member.fileHash,
    member: { range: { from: member.offset, toExclusive }, contentKey: member.contentKey },
  };
}

/** The distinct contracts that keep entries. */
export function contractsOfEntries(entries: readonly FileEntry[]): string[] {
  return [...new Set(entriesToHoldings(entries).flatMap(contractsOfHolding))];
}

/** The distinct contracts that keep a file or a pack. */
export function contractsOfHolding(holding: Holding): string[] {
  return contractsOf(holdingManifest(holding));
}

/** Every fragment of a file or a pack. */
export function fragmentsOfHolding(holding: Holding): string[] {
  return holdingManifest(holding).segments.flatMap(({ fragmentIds }) => fragmentIds.map(bytesToHex));
}

/** The manifest of a file or a pack. */
export function holdingManifest({ manifest, entries }: Holding): Manifest {
  return manifestOf({ manifest, path: entries[0]?.path ?? '' });
}

function badManifest(path: string, why: string): AppError {
  return new AppError({
    code: 'catalogue/bad-manifest',
    message: `The catalogue's entry for '${path}' cannot be read (${why}).`,
    next: 'Use the version of Cairn that stored it, or a newer one.',
  });
}
