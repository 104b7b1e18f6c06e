import { type FileHandle, open } from 'node:fs/promises';
import { AppError } from '#errors';

/** A file being read once, from front to back, that must not change meanwhile. */
export interface SourceFile {
  readonly sizeBytes: number;
  readonly modifiedAtMs: number;
  /** The next `lengthBytes` bytes in memory of their own. */
  read(lengthBytes: number): Promise<Uint8Array>;
  /** Throws if the file is not the one that was opened any more. */
  assertUnchanged(): Promise<void>;
  close(): Promise<void>;
}

/** Opens a regular file for an upload. */
export async function openSource(path: string): Promise<SourceFile> {
  let handle: FileHandle;
  try {
    handle = await open(path, 'r');
  } catch (error) {
    throw cannotRead(path, error);
  }
  const before = await handle.stat();
  if (!before.isFile()) {
    await handle.close();
    throw new AppError({
      code: 'source/not-a-file',
      message: `'${path}' is not a regular file.`,
      next: 'Name a file or a folder.',
    });
  }
  let offset = 0;
  return {
    sizeBytes: before.size,
    modifiedAtMs: Math.max(0, Math.floor(before.mtimeMs)),
    async read(lengthBytes) {
      const buffer = new Uint8Array(lengthBytes);
      let filled = 0;
      while (filled < lengthBytes) {
        const { bytesRead } = await handle
          .read(buffer, filled, lengthBytes - filled, offset)
          .catch((error: unknown) => {
            throw cannotRead(path, error);
          });
        if (bytesRead === 0) throw changed(path, `it ended after ${offset} of ${before.size} bytes`);
        filled += bytesRead;
        offset += bytesRead;
      }
      return buffer;
    },
    async assertUnchanged() {
      const after = await handle.stat();
      if (after.size !== before.size)
        throw changed(path, `its size went from ${before.size} to ${after.size} bytes`);
      if (after.mtimeMs !== before.mtimeMs) throw changed(path, 'it was written to');
    },
    close: () => handle.close(),
  };
}

function cannotRead(path: string, cause: unknown): AppError {
  const reason = (cause as NodeJS.ErrnoException).code ?? String(cause);
  return new AppError({
    code: 'source/unreadable',
    message: `'${path}' cannot be read (${reason}).`,
    next: reason === 'ENOENT' ? 'Check the path.' : 'Check that you may read it and that its disk works.',
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
