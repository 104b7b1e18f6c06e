import { randomBytes } from 'node:crypto';
import { link, mkdir, open, rename, stat, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { AppError } from '#errors';

/** The system's code of an error. By shape: errors of Node's own modules are of another realm in some hosts. */
function errorCode(error: unknown): string {
  return typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : '';
}

/** A keystore is never overwritten: the coins of the phrase in it may exist nowhere else. */
export function keystoreExists(path: string): AppError {
  return new AppError({
    code: 'keystore/exists',
    message: `there is a keystore at ${path} already, and keystores are never overwritten`,
    next: 'use it, give another path, or move the old file away first if you are sure its phrase is written down',
    data: { path },
  });
}

/** File systems without hard links (FAT, some mounts) answer one of these. */
const noHardLinks = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EXDEV']);

/** Gives the finished file its name, never taking the name from another: a link fails where one exists. */
async function takeName(temporaryPath: string, path: string): Promise<void> {
  try {
    await link(temporaryPath, path);
    await unlink(temporaryPath);
  } catch (error) {
    if (!noHardLinks.has(errorCode(error))) throw error;
    if (await fileExists(path)) throw keystoreExists(path);
    await rename(temporaryPath, path);
  }
}

/** Whether anything has this name. */
export async function fileExists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return false;
    throw unusable(path, error);
  }
}

function unusable(path: string, cause: unknown): AppError {
  return new AppError({
    code: 'keystore/unusable-file',
    message: `the keystore at ${path} cannot be read or written: ${String(cause)}`,
    next: 'check that the folder exists, belongs to you and has free space',
    data: { path },
    cause,
  });
}

async function syncFolder(folder: string): Promise<void> {
  // Windows cannot open a folder; its rename is durable without it.
  if (process.platform === 'win32') return;
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/**
 * Writes a new file all or nothing, readable by its owner only: a temporary file beside it, fsync, name, fsync
 * of the folder. A crash leaves either no file of that name or the whole of it. Folders are made as needed.
 */
export async function writeNewFile(path: string, content: Uint8Array): Promise<void> {
  const folder = dirname(path);
  const temporaryPath = join(folder, `.${basename(path)}.${randomBytes(6).toString('hex')}.tmp`);
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const handle = await open(temporaryPath, 'wx', 0o600);
    try {
      await handle.writeFile(content);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await takeName(temporaryPath, path);
    await syncFolder(folder);
  } catch (error) {
    await unlink(temporaryPath).catch(() => undefined);
    if (error instanceof AppError) throw error;
    if (errorCode(error) === 'EEXIST') throw keystoreExists(path);
    throw unusable(path, error);
  }
}

/** The whole file, or AppError `keystore/missing` or `keystore/unusable-file`. */
export async function readWholeFile(path: string, maxBytes: number): Promise<Uint8Array> {
  try {
    const handle = await open(path, 'r');
    try {
      const { size } = await handle.stat();
      if (size > maxBytes) return new Uint8Array(0);
      return new Uint8Array(await handle.readFile());
    } finally {
      await handle.close();
    }
  } catch (error) {
    if (errorCode(error) === 'ENOENT') {
      throw new AppError({
        code: 'keystore/missing',
        message: `there is no keystore at ${path}`,
        next: 'make one with `cairn keys new`',
        data: { path },
      });
    }
    throw unusable(path, error);
  }
}
