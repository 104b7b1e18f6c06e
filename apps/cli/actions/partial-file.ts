import { constants } from 'node:fs';
import { type FileHandle, mkdir, open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { createFileHash, type FileHash } from '#client';
import { bytesToHex } from '#crypto';
import { AppError } from '#errors';
import { safeText } from '../output/text.js';
import { toLocalPath } from './get-targets.js';

/** File systems take names of so many bytes. */
const MAX_NAME_BYTES = 255;
const HASH_DIGITS = 12;
const READ_BYTES = 4 << 20;

/**
 * A file that takes its name only when it is whole. Until then it is `NAME.HASH.part` beside it, HASH being the first
 * digits of the hash that the whole will have: so what an earlier run left is of the same file.
 */
export class PartialFile {
  private position = 0;
  private hasName = false;

  private constructor(
    private readonly path: string,
    readonly partial: string,
    private readonly handle: FileHandle,
  ) {}

  /** Opens what is there, or begins. `suffix` sets parts of the same file apart. */
  static async open(path: string, fileHash: Uint8Array, suffix = ''): Promise<PartialFile> {
    const partial = join(dirname(path), partialName(basename(path), fileHash, suffix));
    try {
      await mkdir(toLocalPath(dirname(path)), { recursive: true });
      const handle = await open(toLocalPath(partial), constants.O_RDWR | constants.O_CREAT, 0o600);
      return new PartialFile(path, partial, handle);
    } catch (error) {
      throw toWriteError(path, error);
    }
  }

  /** Bytes written and kept so far. */
  get bytes(): number {
    return this.position;
  }

  /**
   * Goes on behind the whole steps that are there, but before the last byte of the file; answers the hash of what is
   * kept. What is kept is not believed: the hash of the whole decides at the end.
   */
  async keep(stepBytes: number, sizeBytes: number): Promise<FileHash> {
    const { size } = await this.handle.stat();
    this.position = Math.floor(Math.max(0, Math.min(size, sizeBytes - 1)) / stepBytes) * stepBytes;
    const hash = createFileHash();
    const buffer = new Uint8Array(Math.min(READ_BYTES, this.position));
    for (let at = 0; at < this.position; ) {
      const { bytesRead } = await this.handle.read(
        buffer,
        0,
        Math.min(buffer.length, this.position - at),
        at,
      );
      if (bytesRead === 0) throw new Error(`${this.partial} became shorter while it was read`);
      hash.update(buffer.subarray(0, bytesRead));
      at += bytesRead;
    }
    return hash;
  }

  /** Begins anew. */
  reset(): void {
    this.position = 0;
  }

  async write(part: Uint8Array): Promise<void> {
    try {
      for (let at = 0; at < part.length; ) {
        const { bytesWritten } = await this.handle.write(part, at, part.length - at, this.position);
        at += bytesWritten;
        this.position += bytesWritten;
      }
    } catch (error) {
      throw toWriteError(this.path, error);
    }
  }

  /** Synced, with the source's time, under its name. */
  async finish(modifiedAtMs: number): Promise<void> {
    try {
      await this.handle.truncate(this.position);
      await this.handle.chmod(0o666 & ~process.umask());
      await this.handle.utimes(new Date(), new Date(modifiedAtMs));
      await this.handle.sync();
      await this.handle.close();
      await rename(toLocalPath(this.partial), toLocalPath(this.path));
      this.hasName = true;
    } catch (error) {
      throw toWriteError(this.path, error);
    }
  }

  /** Ends without a result, unless there is one; what is there stays for the next run, or goes. */
  async leave(isKept: boolean): Promise<void> {
    if (this.hasName) return;
    if (isKept) await this.handle.truncate(this.position).catch(() => undefined);
    await this.handle.close().catch(() => undefined);
    if (!isKept) await rm(toLocalPath(this.partial), { force: true });
  }
}

/** Folders that were made already: a thousand files of one folder need not ask for it a thousand times. */
export class MadeFolders {
  private readonly made = new Map<string, Promise<unknown>>();

  make(folder: string): Promise<unknown> {
    let making = this.made.get(folder);
    if (making === undefined) {
      making = mkdir(toLocalPath(folder), { recursive: true });
      this.made.set(folder, making);
    }
    return making;
  }
}

/** Writes a file whose bytes are all there, with the source's time: synced and whole under its name, or not at all. */
export async function writeAtOnce(
  path: string,
  bytes: Uint8Array,
  about: { readonly fileHash: Uint8Array; readonly modifiedAtMs: number; readonly folders: MadeFolders },
): Promise<void> {
  const partial = toLocalPath(join(dirname(path), partialName(basename(path), about.fileHash, '')));
  try {
    await about.folders.make(dirname(path));
    const handle = await open(partial, 'w', 0o666);
    try {
      await handle.writeFile(bytes);
      await handle.utimes(new Date(), new Date(about.modifiedAtMs));
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(partial, toLocalPath(path));
  } catch (error) {
    await rm(partial, { force: true }).catch(() => undefined);
    throw toWriteError(path, error);
  }
}

function partialName(name: string, fileHash: Uint8Array, suffix: string): string {
  const tail = `.${bytesToHex(fileHash).slice(0, HASH_DIGITS)}${suffix}.part`;
  const characters = [...name];
  while (Buffer.byteLength(characters.join('')) > MAX_NAME_BYTES - tail.length) characters.pop();
  return characters.join('') + tail;
}

function toWriteError(path: string, error: unknown): unknown {
  const { code, syscall } = error as NodeJS.ErrnoException;
  if (error instanceof AppError || syscall === undefined) return error;
  return new AppError({
    code: code === 'EACCES' || code === 'EPERM' ? 'get/not-permitted' : 'get/unwritable',
    message: `'${safeText(path)}' cannot be written (${code}). Nothing was left behind.`,
    next:
      code === 'ENOSPC' ? 'Free some space, or name another place with -o.' : 'Name another place with -o.',
    cause: error,
  });
}
