import { constants } from 'node:fs';
import { type FileHandle, open, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { accepted, type Result, refused } from '#errors';
import { ALIGNMENT_BYTES, isAligned } from './aligned-memory.js';
import type { FragmentSource } from './fragment-store.js';
import { createStreamingHash } from './streaming-hash.js';

/** Bytes gathered before they go to the disk in one call. */
const BATCH_BYTES = 1 << 20;
const { O_WRONLY, O_CREAT, O_EXCL } = constants;
/** Zero where the system has no such flag. */
const O_DIRECT = constants.O_DIRECT ?? 0;
/** Less than this is not worth opening a file twice. */
const LEAST_DIRECT_BYTES = 64 << 10;

/** Folders whose file system refused to write past the page cache. */
const cachedOnly = new Set<string>();

/** What a written file holds. */
export interface WrittenFile {
  readonly hash: string;
  readonly lengthBytes: number;
}

/**
 * Writes a source to a new file, hashing it on the way, and syncs it. A source longer than expected is refused before it
 * is written. The file is made when the first bytes are there, and not at all where they are refused.
 */
export async function writeFragmentFile(
  path: string,
  source: FragmentSource,
  expectedLengthBytes: number,
): Promise<Result<WrittenFile>> {
  if (source instanceof Uint8Array) return writeIfFits(path, source, expectedLengthBytes);
  const parts = source[Symbol.asyncIterator]();
  const first = await parts.next();
  if (first.done === true) return refused({ rule: 'fragment/length', expectedLengthBytes, lengthBytes: 0 });
  if (first.value.length !== expectedLengthBytes) {
    return writeStream(path, startingWith([first.value], parts), expectedLengthBytes);
  }
  const second = await parts.next();
  if (second.done === true) return writeIfFits(path, first.value, expectedLengthBytes);
  return writeStream(path, startingWith([first.value, second.value], parts), expectedLengthBytes);
}

/** Removes a file that may not exist. */
export async function discardFile(path: string): Promise<void> {
  try {
    await unlink(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}

/**
 * Writes bytes to a new file and syncs it. `direct`: past the page cache, which would copy what nobody reads soon, take
 * the memory of what is read often, and write it out when it pleases; where the file system refuses that, through it. What
 * is over after the last whole page goes through it in any case.
 */
export async function writeWholeFile(path: string, bytes: Uint8Array, direct: boolean): Promise<void> {
  const folder = dirname(path);
  const directBytes = bytes.length - (bytes.length % ALIGNMENT_BYTES);
  if (direct && directBytes >= LEAST_DIRECT_BYTES && O_DIRECT !== 0 && !cachedOnly.has(folder)) {
    try {
      const isAll = directBytes === bytes.length;
      await writeAt(path, O_CREAT | O_EXCL | O_DIRECT, bytes.subarray(0, directBytes), 0, isAll);
      if (!isAll) await writeAt(path, 0, bytes.subarray(directBytes), directBytes, true);
      return;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EINVAL') throw error;
      cachedOnly.add(folder);
      await discardFile(path);
    }
  }
  await writeAt(path, O_CREAT | O_EXCL, bytes, 0, true);
}

/** `isLast`: syncs the file, with all that was written to it before. */
async function writeAt(
  path: string,
  flags: number,
  bytes: Uint8Array,
  position: number,
  isLast: boolean,
): Promise<void> {
  const handle = await open(path, O_WRONLY | flags, 0o600);
  try {
    await writeAll(handle, [bytes], bytes.length, position);
    if (isLast) await handle.datasync();
  } finally {
    await handle.close();
  }
}

async function writeIfFits(
  path: string,
  bytes: Uint8Array,
  expectedLengthBytes: number,
): Promise<Result<WrittenFile>> {
  const { length: lengthBytes } = bytes;
  if (lengthBytes !== expectedLengthBytes) {
    return refused({ rule: 'fragment/length', expectedLengthBytes, lengthBytes });
  }
  const hash = createStreamingHash();
  hash.update(bytes);
  await writeWholeFile(path, bytes, isAligned(bytes));
  return accepted({ hash: hash.digestHex(), lengthBytes });
}

/** While one batch is being written the next one is gathered: at most two batches are in memory. */
async function writeStream(
  path: string,
  source: AsyncIterable<Uint8Array>,
  expectedLengthBytes: number,
): Promise<Result<WrittenFile>> {
  const handle = await open(path, 'wx', 0o600);
  const hash = createStreamingHash();
  let lengthBytes = 0;
  let batch: Uint8Array[] = [];
  let batchBytes = 0;
  let writing: Promise<void> = Promise.resolve();
  // A failed write is seen at the next flush; meanwhile it must not count as unhandled.
  const flush = async (): Promise<void> => {
    await writing;
    writing = writeAll(handle, batch, batchBytes, lengthBytes - batchBytes);
    writing.catch(() => undefined);
    batch = [];
    batchBytes = 0;
  };
  try {
    try {
      for await (const bytes of source) {
        lengthBytes += bytes.length;
        if (lengthBytes > expectedLengthBytes) break;
        hash.update(bytes);
        batch.push(bytes);
        batchBytes += bytes.length;
        if (batchBytes >= BATCH_BYTES) await flush();
      }
      if (batchBytes > 0 && lengthBytes <= expectedLengthBytes) await flush();
    } finally {
      await writing;
    }
    if (lengthBytes !== expectedLengthBytes) {
      return refused({ rule: 'fragment/length', expectedLengthBytes, lengthBytes });
    }
    await handle.datasync();
    return accepted({ hash: hash.digestHex(), lengthBytes });
  } finally {
    await handle.close();
  }
}

async function* startingWith(
  first: readonly Uint8Array[],
  rest: AsyncIterator<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  try {
    yield* first;
    for (let next = await rest.next(); next.done !== true; next = await rest.next()) yield next.value;
  } finally {
    await rest.return?.();
  }
}

/** `writev` may write less than it was given when the disk fills up; the next call then says why. */
async function writeAll(
  handle: FileHandle,
  parts: Uint8Array[],
  sizeBytes: number,
  position: number,
): Promise<void> {
  const { bytesWritten } = await handle.writev(parts, position);
  if (bytesWritten === sizeBytes) return;
  const [only, ...others] = parts;
  // A single part stays where it is, on the borders that a disk may want.
  const all = only !== undefined && others.length === 0 ? only : Buffer.concat(parts);
  for (let written = bytesWritten; written < all.length; ) {
    const result = await handle.write(all, written, all.length - written, position + written);
    written += result.bytesWritten;
  }
}
