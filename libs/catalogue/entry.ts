import type { PackId } from './pack-id.js';

/** One version of one stored file. */
export interface FileEntry {
  /** Text form of the name it is stored under (path.ts): any bytes but none and more than 65,535. */
  readonly path: string;
  /** Rises with every replacement of the path, from 1; absent in an entry that was never published. */
  readonly version?: number;
  readonly sizeBytes: bigint;
  /** Milliseconds since 1970: of the source file, and of the upload. */
  readonly modifiedAt: bigint;
  readonly storedAt: bigint;
  /** First height that is not paid for. */
  readonly paidUntilHeight: bigint;
  /** `#fragments` manifest, keys included, of the file itself or of the pack it lies in. Entries of one pack share it. */
  readonly manifest: Uint8Array;
  /** Which part of the pack it is; absent where the manifest is the file's own. */
  readonly member?: PackMember;
}

/** Where in a pack a small file lies. Its sealed length follows from its size. */
export interface PackMember {
  readonly pack: PackId;
  /** First byte of its sealed stream in the pack. */
  readonly offset: number;
  /** 32 bytes: of this member alone. */
  readonly contentKey: Uint8Array;
  /** BLAKE3 of the file. */
  readonly fileHash: Uint8Array;
}

/** Everything a client has stored. It is itself stored like a file and anchored on chain. */
export interface Catalogue {
  /** The anchor's sequence number under which this catalogue is published. */
  readonly sequence: bigint;
  /** The newest version of every path, in ascending order of the paths' bytes. */
  readonly files: readonly FileEntry[];
  /** Versions before them that were asked to be kept, by path and version. */
  readonly earlier: readonly FileEntry[];
}

/** The catalogue of somebody who has stored nothing. */
export const emptyCatalogue: Catalogue = { sequence: 0n, files: [], earlier: [] };

/** The version number of an entry. */
export function versionOf(entry: FileEntry): number {
  return entry.version ?? 1;
}
