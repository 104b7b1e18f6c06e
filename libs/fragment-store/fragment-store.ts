import type { Readable } from 'node:stream';
import { type FragmentId, isHexId } from '#chain';
import type { Result } from '#errors';

/** Bytes of a fragment, whole or as they arrive. */
export type FragmentSource = Uint8Array | AsyncIterable<Uint8Array>;

/** Part of a fragment: from `start`, up to but without `endExclusive`. */
export interface ByteRange {
  readonly start: number;
  readonly endExclusive: number;
}

/** A fragment as the store lists it. */
export interface StoredFragment {
  readonly id: FragmentId;
  readonly lengthBytes: number;
}

/** Whether a text can be a fragment id: 64 lower-case hex digits. Nothing else ever becomes part of a path. */
export function isFragmentId(text: string): text is FragmentId {
  return isHexId(text, 32);
}

/**
 * Fragments at rest, named by the BLAKE3 hash of their bytes. What every adapter promises is written as tests in
 * testing/fragment-store-conformance.ts.
 */
export interface FragmentStore {
  /**
   * Stores a fragment. Once resolved it survives a power cut; before, nobody sees any of it. Bytes that do not match
   * are removed and answered with a violation: `fragment/id`, `fragment/length`, `fragment/mismatch`. Repeating a put
   * is harmless, and replaces bytes that have rotted. Errors of the source are passed on, with nothing left behind.
   * @throws AppError `fragment-store/full` (the capacity), `fragment-store/disk-full`, `fragment-store/failed`
   */
  put(id: FragmentId, source: FragmentSource, expectedLengthBytes: number): Promise<Result<StoredFragment>>;
  /** Opens a fragment, or part of it, as a stream of bytes that were not checked again. Undefined: not here. */
  open(id: FragmentId, range?: ByteRange): Promise<{ lengthBytes: number; stream: Readable } | undefined>;
  /**
   * A whole fragment, hashed again: violation `fragment/corrupt` when the disk changed it. Undefined: not here.
   * `allocate` gives the memory to read into (at least the size asked for); default: fresh memory.
   */
  read(id: FragmentId, allocate?: (sizeBytes: number) => Uint8Array): Promise<Result<Uint8Array> | undefined>;
  has(id: FragmentId): Promise<boolean>;
  stat(id: FragmentId): Promise<StoredFragment | undefined>;
  /** False when it was not here. */
  remove(id: FragmentId): Promise<boolean>;
  /** Every fragment, in ascending id order. */
  list(): AsyncIterable<StoredFragment>;
  /** Bytes of all stored fragments. */
  usedBytes(): number;
  /** Most bytes the store takes, fragments on their way in included. */
  capacityBytes(): number;
  /** Bytes free on the disk itself. */
  diskFreeBytes(): Promise<number>;
  /** Lets go of the files. Nothing may be under way. */
  close(): Promise<void>;
}
