import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { resolve } from 'node:path';
import { allocateMemory, releaseMemory } from '#erasure';
import { AppError, assertInvariant } from '#errors';

/** Something that is read once, from front to back, and must not change meanwhile. */
export interface SourceFile {
  /** Undefined: known only once all of it has been read. */
  readonly sizeBytes: number | undefined;
  readonly modifiedAtMs: number;
  /** Where it can be read again: an upload of it goes on after a kill. */
  readonly path?: string;
  /** The next `lengthBytes` bytes in memory of their own; fewer only at the end of a source of unknown size. */
  read(lengthBytes: number): Promise<Uint8Array>;
  /** Throws if it is not what was opened any more. */
  assertUnchanged(): Promise<void>;
  close(): Promise<void>;
}

/**
 * Opens a regular file for an upload. Holes of a sparse file are read as the zeros they stand for.
 * @throws AppError `source/unreadable`, `source/not-permitted`, `source/not-a-file`
 */
export async function openSource(
  from: string | Uint8Array,
): Promise<SourceFile & { readonly sizeBytes: number }> {
  // A name that is no UTF-8 is bytes.
  const name = typeof from === 'string' ? from : Buffer.from(from);
  const path = name.toString();
  let handle: FileHandle;
  try {
    // Without O_NONBLOCK opening a named pipe that nobody writes to would wait for ever.
    handle = await open(name, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    throw cannotRead(path, error);
  }
  const before = await handle.stat({ bigint: true });
  if (!before.isFile()) {
    await handle.close();
    throw new AppError({
      code: 'source/not-a-file',
      message: `'${path}' is not a regular file.`,
      next: 'Name a file or a folder.',
    });
  }
  const sizeBytes = Number(before.size);
  let offset = 0;
  return {
    sizeBytes,
    modifiedAtMs: Math.max(0, Number(before.mtimeMs)),
    ...(typeof from === 'string' && { path: resolve(from) }),
    async read(lengthBytes) {
      const buffer = allocateMemory(lengthBytes);
      let filled = 0;
      while (filled < lengthBytes) {
        const { bytesRead } = await handle
          .read(buffer, filled, lengthBytes - filled, offset)
          .catch((error: unknown) => {
            throw cannotRead(path, error);
          });
        if (bytesRead === 0) throw changed(path, `it ended after ${offset} of ${sizeBytes} bytes`);
        filled += bytesRead;
        offset += bytesRead;
      }
      return buffer;
    },
    async assertUnchanged() {
      const after = await handle.stat({ bigint: true });
      if (after.size !== before.size)
        throw changed(path, `its size went from ${before.size} to ${after.size} bytes`);
      if (after.mtimeNs !== before.mtimeNs) throw changed(path, 'it was written to');
    },
    close: () => handle.close(),
  };
}

/** A source whose first bytes are read already. */
export interface EarlySource extends SourceFile {
  /** Gives the memory of bytes back that nobody has asked for. */
  drop(): Promise<void>;
}

/** Reads the first bytes of a source now: the disk works while prices are asked for. The first read must ask for as many. */
export function readEarly(source: SourceFile, firstBytes: number): EarlySource {
  let first: Promise<Uint8Array> | undefined = source.read(firstBytes);
  // Whoever asks for them is told.
  first.catch(() => undefined);
  const take = (): Promise<Uint8Array> | undefined => {
    const taken = first;
    first = undefined;
    return taken;
  };
  return {
    ...source,
    read(lengthBytes) {
      const early = take();
      if (early === undefined) return source.read(lengthBytes);
      assertInvariant(lengthBytes === firstBytes, `${firstBytes} bytes were read early, not ${lengthBytes}`);
      return early;
    },
    async drop() {
      await take()?.then(releaseMemory, () => undefined);
    },
  };
}

/** Bytes in memory as a source, for catalogues, manifests and packs. */
export function memorySource(bytes: Uint8Array): SourceFile & { readonly sizeBytes: number } {
  let offset = 0;
  return {
    sizeBytes: bytes.length,
    modifiedAtMs: 0,
    read: async (lengthBytes) => {
      if (offset + lengthBytes > bytes.length)
        throw new AppError({ code: 'source/short', message: `${bytes.length} bytes are too few` });
      const part = bytes.slice(offset, offset + lengthBytes);
      offset += lengthBytes;
      return part;
    },
    assertUnchanged: async () => undefined,
    close: async () => undefined,
  };
}

function cannotRead(path: string, cause: unknown): AppError {
  const reason = (cause as NodeJS.ErrnoException).code ?? String(cause);
  const isForbidden = reason === 'EACCES' || reason === 'EPERM';
  return new AppError({
    code: isForbidden ? 'source/not-permitted' : 'source/unreadable',
    message: `'${path}' cannot be read (${reason}).`,
    next:
      reason === 'ENOENT'
        ? 'Check the path.'
        : isForbidden
          ? 'Ask its owner for the right to read it, or leave it out.'
          : 'Check that you may read it and that its disk works.',
    cause,
  });
}

function changed(path: string, how: string): AppError {
  return new AppError({
    code: 'source/changed',
    message: `'${path}' changed while it was read: ${how}. Nothing was stored and nothing was paid.`,
    next: 'Run the command again once nobody writes to the file.',
  });
}
