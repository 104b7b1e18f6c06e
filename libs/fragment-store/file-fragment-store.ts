import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { Readable } from 'node:stream';
import type { FragmentId } from '#chain';
import { AppError, accepted, type Result, refused } from '#errors';
import { FragmentFiles } from './fragment-files.js';
import {
  type ByteRange,
  type FragmentSource,
  type FragmentStore,
  isFragmentId,
  type StoredFragment,
} from './fragment-store.js';
import { discardFile, writeFragmentFile } from './fragment-writer.js';
import { createStreamingHash } from './streaming-hash.js';

const WATER_MARK_BYTES = 1 << 20;

export interface FileFragmentStoreOptions {
  /** The store's own folder; made when missing. One process at a time: the owner locks its data folder. */
  readonly folder: string;
  readonly capacityBytes: number;
}

/** Opens the store in a folder: removes unfinished uploads, counts what is there. */
export async function createFileFragmentStore(options: FileFragmentStoreOptions): Promise<FragmentStore> {
  const files = new FragmentFiles(options.folder);
  try {
    await files.prepare();
    let usedBytes = 0;
    for await (const { lengthBytes } of files.list()) usedBytes += lengthBytes;
    return new FileFragmentStore(files, options, usedBytes);
  } catch (error) {
    throw storeError(options.folder, error);
  }
}

class FileFragmentStore implements FragmentStore {
  readonly #files: FragmentFiles;
  readonly #options: FileFragmentStoreOptions;
  #usedBytes: number;
  #incomingBytes = 0;
  /** Renames and removals of one id happen one after the other, so that sizes are counted once. */
  readonly #turns = new Map<FragmentId, Promise<unknown>>();

  constructor(files: FragmentFiles, options: FileFragmentStoreOptions, usedBytes: number) {
    this.#files = files;
    this.#options = options;
    this.#usedBytes = usedBytes;
  }

  async put(
    id: FragmentId,
    source: FragmentSource,
    expectedLengthBytes: number,
  ): Promise<Result<StoredFragment>> {
    if (!isFragmentId(id)) return refused({ rule: 'fragment/id', id });
    this.#reserve(expectedLengthBytes);
    const path = this.#files.newTemporaryPath();
    let isAdopted = false;
    try {
      const written = await this.#write(path, source, expectedLengthBytes);
      if (!written.ok) return written;
      if (written.value.hash !== id) {
        return refused({ rule: 'fragment/mismatch', id, hash: written.value.hash });
      }
      await this.#guarded(() => this.#adopt(path, id, expectedLengthBytes));
      isAdopted = true;
      return accepted({ id, lengthBytes: expectedLengthBytes });
    } finally {
      this.#incomingBytes -= expectedLengthBytes;
      if (!isAdopted) await discardFile(path).catch(() => undefined);
    }
  }

  async open(
    id: FragmentId,
    range?: ByteRange,
  ): Promise<{ lengthBytes: number; stream: Readable } | undefined> {
    const found = await this.stat(id);
    if (found === undefined) return undefined;
    const { lengthBytes } = found;
    if (range !== undefined && range.start >= range.endExclusive) {
      return { lengthBytes, stream: Readable.from([]) };
    }
    const stream = createReadStream(this.#files.pathOf(id), {
      highWaterMark: WATER_MARK_BYTES,
      ...(range === undefined ? {} : { start: range.start, end: range.endExclusive - 1 }),
    });
    return { lengthBytes, stream };
  }

  async read(
    id: FragmentId,
    allocate: (sizeBytes: number) => Uint8Array = Buffer.allocUnsafeSlow,
  ): Promise<Result<Uint8Array> | undefined> {
    if (!isFragmentId(id)) return undefined;
    const bytes = await this.#guarded(() => readWhole(this.#files.pathOf(id), allocate));
    if (bytes === undefined) return undefined;
    const hash = createStreamingHash();
    hash.update(bytes);
    const actual = hash.digestHex();
    return actual === id ? accepted(bytes) : refused({ rule: 'fragment/corrupt', id, hash: actual });
  }

  async has(id: FragmentId): Promise<boolean> {
    return (await this.stat(id)) !== undefined;
  }

  async stat(id: FragmentId): Promise<StoredFragment | undefined> {
    if (!isFragmentId(id)) return undefined;
    const lengthBytes = await this.#guarded(() => this.#files.sizeOf(id));
    return lengthBytes === undefined ? undefined : { id, lengthBytes };
  }

  async remove(id: FragmentId): Promise<boolean> {
    if (!isFragmentId(id)) return false;
    return this.#inTurn(id, async () => {
      const lengthBytes = await this.#guarded(() => this.#files.sizeOf(id));
      if (lengthBytes === undefined) return false;
      await this.#guarded(() => discardFile(this.#files.pathOf(id)));
      this.#usedBytes -= lengthBytes;
      return true;
    });
  }

  list(): AsyncIterable<StoredFragment> {
    return this.#files.list();
  }

  usedBytes(): number {
    return this.#usedBytes;
  }

  capacityBytes(): number {
    return this.#options.capacityBytes;
  }

  diskFreeBytes(): Promise<number> {
    return this.#files.diskFreeBytes();
  }

  close(): Promise<void> {
    return this.#files.close();
  }

  #reserve(lengthBytes: number): void {
    const { capacityBytes } = this.#options;
    if (this.#usedBytes + this.#incomingBytes + lengthBytes > capacityBytes) {
      throw new AppError({
        code: 'fragment-store/full',
        message: `${lengthBytes} bytes do not fit: ${this.#usedBytes + this.#incomingBytes} of ${capacityBytes} bytes are taken`,
        next: 'store elsewhere, or let the provider raise its capacity',
        data: { lengthBytes, usedBytes: this.#usedBytes, capacityBytes },
      });
    }
    this.#incomingBytes += lengthBytes;
  }

  /** Errors of the source pass; errors of the file system are told apart by their errno call. */
  async #write(path: string, source: FragmentSource, expectedLengthBytes: number) {
    try {
      return await writeFragmentFile(path, source, expectedLengthBytes);
    } catch (error) {
      throw isFileError(error) ? storeError(this.#options.folder, error) : error;
    }
  }

  #adopt(path: string, id: FragmentId, lengthBytes: number): Promise<void> {
    return this.#inTurn(id, async () => {
      const before = (await this.#files.sizeOf(id)) ?? 0;
      await this.#files.adopt(path, id);
      this.#usedBytes += lengthBytes - before;
    });
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

  async #guarded<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw error instanceof AppError ? error : storeError(this.#options.folder, error);
    }
  }
}

async function readWhole(
  path: string,
  allocate: (sizeBytes: number) => Uint8Array,
): Promise<Uint8Array | undefined> {
  try {
    const handle = await open(path, 'r');
    try {
      const { size } = await handle.stat();
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
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

const FILE_CALLS = ['open', 'write', 'writev', 'fdatasync', 'fsync', 'rename', 'close'];

function isFileError(error: unknown): boolean {
  return FILE_CALLS.includes(String((error as NodeJS.ErrnoException | null)?.syscall));
}

function storeError(folder: string, cause: unknown): AppError {
  if (cause instanceof AppError) return cause;
  const code = (cause as NodeJS.ErrnoException).code ?? '';
  const isFull = code === 'ENOSPC' || code === 'EDQUOT';
  return new AppError({
    code: isFull ? 'fragment-store/disk-full' : 'fragment-store/failed',
    message: `${isFull ? 'the disk is full' : 'the file system refused'} under ${folder}: ${cause instanceof Error ? cause.message : String(cause)}`,
    next: isFull
      ? 'free some space, or lower the capacity this provider offers'
      : 'check that the folder exists, belongs to this user and lies on a healthy disk',
    data: { folder },
    cause,
  });
}
