import { type FileHandle, open, unlink } from 'node:fs/promises';
import { accepted, type Result, refused } from '#errors';
import type { FragmentSource } from './fragment-store.js';
import { createStreamingHash, type StreamingHash } from './streaming-hash.js';

/** Bytes gathered before they go to the disk in one call. */
const BATCH_BYTES = 1 << 20;

/** What a written file holds. */
export interface WrittenFile {
  readonly hash: string;
  readonly lengthBytes: number;
}

/**
 * Writes a source to a new file, hashing it on the way, and syncs it. While one batch is being written the next one
 * is gathered: at most two batches are in memory. A source longer than expected is refused before it is written.
 */
export async function writeFragmentFile(
  path: string,
  source: FragmentSource,
  expectedLengthBytes: number,
): Promise<Result<WrittenFile>> {
  const handle = await open(path, 'wx', 0o600);
  try {
    const hash = createStreamingHash();
    const lengthBytes =
      source instanceof Uint8Array
        ? await writeWhole(handle, source, hash, expectedLengthBytes)
        : await writeStream(handle, source, hash, expectedLengthBytes);
    if (lengthBytes !== expectedLengthBytes) {
      return refused({ rule: 'fragment/length', expectedLengthBytes, lengthBytes });
    }
    await handle.datasync();
    return accepted({ hash: hash.digestHex(), lengthBytes });
  } finally {
    await handle.close();
  }
}

/** Removes a file that may not exist. */
export async function discardFile(path: string): Promise<void> {
  try {
    await unlink(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}

async function writeWhole(
  handle: FileHandle,
  bytes: Uint8Array,
  hash: StreamingHash,
  expectedLengthBytes: number,
): Promise<number> {
  if (bytes.length !== expectedLengthBytes) return bytes.length;
  hash.update(bytes);
  await writeAll(handle, [bytes], bytes.length, 0);
  return bytes.length;
}

async function writeStream(
  handle: FileHandle,
  source: AsyncIterable<Uint8Array>,
  hash: StreamingHash,
  expectedLengthBytes: number,
): Promise<number> {
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
    for await (const bytes of source) {
      if (lengthBytes + bytes.length > expectedLengthBytes) return lengthBytes + bytes.length;
      hash.update(bytes);
      batch.push(bytes);
      batchBytes += bytes.length;
      lengthBytes += bytes.length;
      if (batchBytes >= BATCH_BYTES) await flush();
    }
    if (batchBytes > 0) await flush();
  } finally {
    await writing;
  }
  return lengthBytes;
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
  const rest = Buffer.concat(parts).subarray(bytesWritten);
  let written = 0;
  while (written < rest.length) {
    const result = await handle.write(
      rest,
      written,
      rest.length - written,
      position + bytesWritten + written,
    );
    written += result.bytesWritten;
  }
}
