import { open } from 'node:fs/promises';
import { Readable } from 'node:stream';
import type { FragmentId } from '#chain';
import { AppError, accepted, type Result, refused } from '#errors';
import { type DiskSpace, FragmentFiles } from './fragment-files.js';
import { type FragmentIndex, type IndexEntry, SHARD_COUNT } from './fragment-index.js';
import {
  type ByteRange,
  type FragmentSource,
  type FragmentStore,
  isFragmentId,
  type StoredFragment,
} from './fragment-store.js';
import { discardFile, writeFragmentFile } from './fragment-writer.js';
import { writeIndexSnapshot } from './index-snapshot.js';
import { loadIndex } from './load-index.js';
import { guarded, isFileError, storeError } from './store-error.js';
import { createStreamingHash } from './streaming-hash.js';

const WATER_MARK_BYTES = 1 << 20;
const MAX_BLOCK_BYTES = 1 << 16;

export interface FileFragmentStoreOptions {
  /** The store's own folder; made when missing. One process at a time: the owner locks its data folder. */
  readonly folder: string;
  /** Of the disk: whole blocks of every file count. */
  readonly capacityBytes: number;
}

/** A fragment whose bytes are checked and on the disk, without a name. */
export interface StagedFragment {
  /** Gives it its name; from then on it is stored. */
  commit(): Promise<StoredFragment>;
  discard(): Promise<void>;
}

/** Opens the store in a folder: removes unfinished uploads, learns what is there. */
export async function createFileFragmentStore(options: FileFragmentStoreOptions): Promise<FileFragmentStore> {
  const { folder } = options;
  const files = new FragmentFiles(folder);
  return guarded(folder, async () => {
    await files.prepare();
    const { blockBytes } = await files.space();
    return new FileFragmentStore(files, options, await loadIndex(folder, files), blockBytes);
  });
}

/** Fragments in one folder. What is there is known in memory; only their bytes are read from the disk. */
export class FileFragmentStore implements FragmentStore {
  readonly #files: FragmentFiles;
  readonly #folder: string;
  readonly #index: FragmentIndex;
  readonly #blockBytes: number;
  #capacityBytes: number;
  #incomingBytes = 0;
  /** Since the snapshot; a folder just opened may differ from it. */
  #changes = 1;
  /** Renames and removals of one id happen one after the other, so that sizes are counted once. */
  readonly #turns = new Map<FragmentId, Promise<unknown>>();

  constructor(
    files: FragmentFiles,
    options: FileFragmentStoreOptions,
    index: FragmentIndex,
    blockBytes: number,
  ) {
    this.#files = files;
    this.#folder = options.folder;
    this.#capacityBytes = options.capacityBytes;
    this.#index = index;
    // Network file systems call the size of a transfer a block.
    this.#blockBytes = Math.min(blockBytes, MAX_BLOCK_BYTES);
  }

  async put(
    id: FragmentId,
    source: FragmentSource,
    expectedLengthBytes: number,
  ): Promise<Result<StoredFragment>> {
    const staged = await this.stage(id, source, expectedLengthBytes);
    return staged.ok ? accepted(await staged.value.commit()) : staged;
  }

  /** The first half of `put`: everything but the name. */
  async stage(
    id: FragmentId,
    source: FragmentSource,
    expectedLengthBytes: number,
  ): Promise<Result<StagedFragment>> {
    if (!isFragmentId(id)) return refused({ rule: 'fragment/id', id });
    const giveBack = this.#reserve(expectedLengthBytes);
    const path = this.#files.newTemporaryPath();
    const discard = async (): Promise<void> => {
      giveBack();
      await discardFile(path).catch(() => undefined);
    };
    let isStaged = false;
    try {
      const written = await this.#write(path, source, expectedLengthBytes);
      if (!written.ok) return written;
      if (written.value.hash !== id) {
        return refused({ rule: 'fragment/mismatch', id, hash: written.value.hash });
      }
      isStaged = true;
      return accepted({ discard, commit: () => this.#commit(path, id, giveBack, discard) });
    } finally {
      if (!isStaged) await discard();
    }
  }

  async open(
    id: FragmentId,
    range?: ByteRange,
  ): Promise<{ lengthBytes: number; stream: Readable } | undefined> {
    const found = this.find(id);
    if (found === undefined) return undefined;
    const { lengthBytes } = found;
    if (range !== undefined && range.start >= range.endExclusive) {
      return { lengthBytes, stream: Readable.from([]) };
    }
    // Opened here, so that whoever asks learns at once when the file is gone.
    const handle = await guarded(this.#folder, () => openIfThere(this.#files.pathOf(id)));
    if (handle === undefined) return undefined;
    const stream = handle.createReadStream({
      highWaterMark: WATER_MARK_BYTES,
      ...(range === undefined ? {} : { start: range.start, end: range.endExclusive - 1 }),
    });
    return { lengthBytes, stream };
  }

  async read(
    id: FragmentId,
    allocate: (sizeBytes: number) => Uint8Array = Buffer.allocUnsafeSlow,
  ): Promise<Result<Uint8Array> | undefined> {
    const found = this.find(id);
    if (found === undefined) return undefined;
    const bytes = await guarded(this.#folder, () =>
      readWhole(this.#files.pathOf(id), found.lengthBytes, allocate),
    );
    if (bytes === undefined) return undefined;
    const hash = createStreamingHash();
    hash.update(bytes);
    const actual = hash.digestHex();
    return actual === id ? accepted(bytes) : refused({ rule: 'fragment/corrupt', id, hash: actual });
  }

  async has(id: FragmentId): Promise<boolean> {
    return this.find(id) !== undefined;
  }

  async stat(id: FragmentId): Promise<StoredFragment | undefined> {
    const found = this.find(id);
    return found === undefined ? undefined : { id, lengthBytes: found.lengthBytes };
  }

  /** What is known of a fragment, from memory. */
  find(id: FragmentId): IndexEntry | undefined {
    return isFragmentId(id) ? this.#index.get(id) : undefined;
  }

  async remove(id: FragmentId): Promise<boolean> {
    if (this.find(id) === undefined) return false;
    return this.#inTurn(id, async () => {
      const before = this.find(id);
      if (before === undefined) return false;
      // First: who finds no file asks whether there should be one.
      this.forget(id);
      try {
        await guarded(this.#folder, () => discardFile(this.#files.pathOf(id)));
      } catch (error) {
        this.#index.set(id, before);
        throw error;
      }
      return true;
    });
  }

  /** Knows nothing of a fragment any longer: its file is gone. */
  forget(id: FragmentId): void {
    if (this.#index.delete(id) !== undefined) this.#changes += 1;
  }

  /** Looks whether a file is there that nothing is known of; then it is. */
  async recover(id: FragmentId): Promise<boolean> {
    return this.#inTurn(id, async () => {
      const entry = await guarded(this.#folder, () => this.#files.entryOf(id));
      if (entry === undefined) return false;
      this.#index.set(id, entry);
      this.#changes += 1;
      return true;
    });
  }

  async *list(): AsyncIterable<StoredFragment> {
    for (let shard = 0; shard < SHARD_COUNT; shard++) {
      for (const id of this.idsOf(shard)) {
        const entry = this.find(id);
        if (entry !== undefined) yield { id, lengthBytes: entry.lengthBytes };
      }
    }
  }

  /** The ids of one of 256 shards, ascending. */
  idsOf(shard: number): FragmentId[] {
    return this.#index.idsOf(shard);
  }

  get count(): number {
    return this.#index.size;
  }

  usedBytes(): number {
    return this.#index.usedBytes;
  }

  /** What the files take on the disk: whole blocks. */
  allocatedBytes(): number {
    return this.#index.allocatedBytes;
  }

  /** What uploads on their way will take. */
  incomingBytes(): number {
    return this.#incomingBytes;
  }

  /** What a file of so many bytes takes on the disk. */
  costOf(lengthBytes: number): number {
    return Math.ceil(lengthBytes / this.#blockBytes) * this.#blockBytes;
  }

  capacityBytes(): number {
    return this.#capacityBytes;
  }

  setCapacityBytes(capacityBytes: number): void {
    this.#capacityBytes = capacityBytes;
  }

  async diskFreeBytes(): Promise<number> {
    return (await this.space()).freeBytes;
  }

  space(): Promise<DiskSpace> {
    return guarded(this.#folder, () => this.#files.space());
  }

  /** Writes down what is known of the folder, where it has changed, for the next start. */
  async saveIndex(): Promise<void> {
    if (this.#changes === 0) return;
    this.#changes = 0;
    await guarded(this.#folder, () => writeIndexSnapshot(this.#folder, this.#index));
  }

  async close(): Promise<void> {
    // Only the next start is slower without it.
    await this.saveIndex().catch(() => undefined);
    await this.abandon();
  }

  /** Lets go of the files of a disk that is away. */
  async abandon(): Promise<void> {
    await this.#files.close().catch(() => undefined);
  }

  /** Room until `giveBack` is called, which may be done again. */
  #reserve(lengthBytes: number): () => void {
    const taken = this.#index.allocatedBytes + this.#incomingBytes;
    const cost = this.costOf(lengthBytes);
    if (taken + cost > this.#capacityBytes) {
      throw new AppError({
        code: 'fragment-store/full',
        message: `${lengthBytes} bytes do not fit: ${taken} of ${this.#capacityBytes} bytes are taken`,
        next: 'store elsewhere, or let the provider raise its capacity',
        data: { lengthBytes, usedBytes: taken, capacityBytes: this.#capacityBytes },
      });
    }
    this.#incomingBytes += cost;
    let isKept = true;
    return () => {
      if (isKept) this.#incomingBytes -= cost;
      isKept = false;
    };
  }

  /** Errors of the source pass; errors of the file system are told apart by their errno call. */
  async #write(path: string, source: FragmentSource, expectedLengthBytes: number) {
    try {
      return await writeFragmentFile(path, source, expectedLengthBytes);
    } catch (error) {
      throw isFileError(error) ? storeError(this.#folder, error) : error;
    }
  }

  async #commit(
    path: string,
    id: FragmentId,
    giveBack: () => void,
    discard: () => Promise<void>,
  ): Promise<StoredFragment> {
    let isNamed = false;
    try {
      const entry = await this.#inTurn(id, async () => {
        const adopted = await guarded(this.#folder, () => this.#files.adopt(path, id));
        isNamed = true;
        if (adopted === undefined) throw storeError(this.#folder, new Error(`${id} is gone already`));
        giveBack();
        this.#index.set(id, adopted);
        this.#changes += 1;
        return adopted;
      });
      return { id, lengthBytes: entry.lengthBytes };
    } finally {
      if (isNamed) giveBack();
      else await discard();
    }
  }

  async #inTurn<T>(id: FragmentId, work: () => Promise<T>): Promise<T> {
    const turn = (this.#turns.get(id) ?? Promise.resolve()).catch(() => undefined).then(work);
    this.#turns.set(id, turn);
    try {
      return await turn;
    } finally {
      if (this.#turns.get(id) === turn) this.#turns.delete(id);
    }
  }
}

async function openIfThere(path: string) {
  try {
    return await open(path, 'r');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

async function readWhole(
  path: string,
  size: number,
  allocate: (sizeBytes: number) => Uint8Array,
): Promise<Uint8Array | undefined> {
  const handle = await openIfThere(path);
  if (handle === undefined) return undefined;
  try {
    const bytes = allocate(size).subarray(0, size);
    let length = 0;
    while (length < size) {
      const { bytesRead } = await handle.read(bytes, length, size - length, length);
      if (bytesRead === 0) break;
      length += bytesRead;
    }
    return bytes.subarray(0, length);
  } finally {
    await handle.close();
  }
}
