import { constants, type Dirent } from 'node:fs';
import { access, lstat, readdir, stat } from 'node:fs/promises';
import { basename, dirname, resolve } from 'node:path';
import { pathToText } from '#catalogue';
import type { LocalFile } from '#client';
import { AppError } from '#errors';
import { safeText } from '../output/text.js';

/** A file of this machine and the name it is stored under. */
export interface LocalSource extends LocalFile {
  /** Milliseconds since 1970, when it was found. */
  readonly modifiedAtMs: number;
}

/** A path that could not be looked at. */
export interface FailedSource {
  readonly name: string;
  readonly error: AppError;
}

/** What paths stand for. */
export interface FoundSources {
  readonly sources: readonly LocalSource[];
  /** What lies in the folders and is neither file nor folder: text forms of the names. */
  readonly leftOut: readonly string[];
  /** What lies in the folders and may not be read. */
  readonly failed: readonly FailedSource[];
}

/** Questions to the file system at once. */
const ASK_TOGETHER = 64;

/**
 * The files that paths stand for, folders walked in the order of their names' bytes. A path that is given must be there;
 * what cannot be read inside a folder is told and keeps nothing else back.
 */
export async function findSources(
  paths: readonly string[],
  name: string | undefined,
  signal: AbortSignal,
): Promise<FoundSources> {
  if (name !== undefined && paths.length > 1) {
    throw new AppError({
      code: 'cli/one-name',
      message: `--name gives one name, but ${paths.length} paths were given.`,
      next: 'Store them one by one, or as a folder.',
    });
  }
  if (name === '') {
    throw new AppError({
      code: 'cli/empty-name',
      message: 'The name is empty.',
      next: 'Give --name a name.',
    });
  }
  const found = { sources: [] as LocalSource[], leftOut: [] as string[], failed: [] as FailedSource[] };
  for (const path of paths) await expand(path, name, found, signal);
  const seen = new Set<string>();
  for (const source of found.sources) {
    if (seen.has(source.name)) {
      throw new AppError({
        code: 'cli/name-twice',
        message: `Two of the files would be stored as '${safeText(source.name)}'.`,
        next: 'Give them names of their own with --name, one at a time.',
      });
    }
    seen.add(source.name);
  }
  return found;
}

interface Found {
  readonly sources: LocalSource[];
  readonly leftOut: string[];
  readonly failed: FailedSource[];
}

/** A folder or a file to look at: its path as bytes and the name it is stored under. */
interface Named {
  readonly path: Buffer;
  readonly name: string;
}

async function expand(
  given: string,
  name: string | undefined,
  found: Found,
  signal: AbortSignal,
): Promise<void> {
  const path = await bytesOfPath(given);
  const info = await stat(path).catch((cause: unknown) => {
    throw cannotRead(given, cause);
  });
  const ownName = name ?? pathToText(lastPart(path, given));
  if (!info.isDirectory()) {
    found.sources.push(toSource({ path, name: ownName }, info));
    return;
  }
  const before = found.sources.length + found.failed.length;
  const waiting: Named[] = [{ path, name: ownName }];
  for (let folder = waiting.pop(); folder !== undefined; folder = waiting.pop()) {
    signal.throwIfAborted();
    const { files, folders } = await listFolder(folder, found);
    await lookAt(files, found);
    waiting.push(...folders.reverse());
  }
  if (found.sources.length + found.failed.length > before) return;
  throw new AppError({
    code: 'cli/empty-folder',
    message: `The folder '${safeText(given)}' holds no files.`,
    next: 'Empty folders are not stored.',
  });
}

async function listFolder(folder: Named, found: Found): Promise<{ files: Named[]; folders: Named[] }> {
  let entries: Dirent<Buffer>[];
  try {
    entries = (await readdir(folder.path, { withFileTypes: true, encoding: 'buffer' })) as Dirent<Buffer>[];
  } catch (cause) {
    found.failed.push({ name: folder.name, error: cannotRead(folder.name, cause) });
    return { files: [], folders: [] };
  }
  entries.sort((a, b) => Buffer.compare(a.name, b.name));
  const files: Named[] = [];
  const folders: Named[] = [];
  const slash = Buffer.from('/');
  const parent = folder.path.at(-1) === slash[0] ? folder.path : Buffer.concat([folder.path, slash]);
  for (const entry of entries) {
    const below = {
      path: Buffer.concat([parent, entry.name]),
      name: `${folder.name}/${pathToText(entry.name)}`,
    };
    if (entry.isDirectory()) folders.push(below);
    else if (entry.isFile()) files.push(below);
    else found.leftOut.push(below.name);
  }
  return { files, folders };
}

/** Sizes and times of files; what may not be read is known before a price is named. */
async function lookAt(files: readonly Named[], found: Found): Promise<void> {
  for (let at = 0; at < files.length; at += ASK_TOGETHER) {
    const looks = await Promise.all(
      files.slice(at, at + ASK_TOGETHER).map(async (file) => {
        try {
          const info = await lstat(file.path);
          await access(file.path, constants.R_OK);
          return toSource(file, info);
        } catch (cause) {
          return { name: file.name, error: cannotRead(file.name, cause) };
        }
      }),
    );
    for (const look of looks) {
      if ('error' in look) found.failed.push(look);
      else found.sources.push(look);
    }
  }
}

function toSource({ path, name }: Named, info: { size: number; mtimeMs: number }): LocalSource {
  const text = path.toString('utf8');
  return {
    path: Buffer.from(text, 'utf8').equals(path) ? text : path,
    name,
    sizeBytes: info.size,
    modifiedAtMs: Math.max(0, Math.floor(info.mtimeMs)),
  };
}

/** Whether two times of a file are one: what was written back may be a millisecond off, since systems keep fractions. */
export function isSameTime(aMs: number, bMs: number): boolean {
  return Math.abs(Math.floor(aMs) - Math.floor(bMs)) <= 1;
}

/** The last part of a path, of the folder `.` the name it really has. */
function lastPart(path: Buffer, given: string): Buffer {
  const trimmed = path.subarray(0, lengthWithoutSlashes(path));
  const from = trimmed.lastIndexOf(0x2f) + 1;
  const last = trimmed.subarray(from);
  const isName = last.length > 0 && !last.equals(Buffer.from('.')) && !last.equals(Buffer.from('..'));
  return isName ? last : Buffer.from(basename(resolve(given)));
}

function lengthWithoutSlashes(path: Buffer): number {
  let length = path.length;
  while (length > 1 && path[length - 1] === 0x2f) length -= 1;
  return length;
}

/**
 * The bytes of a path of the command line, which arrives as text: where it holds the mark of bytes that are no UTF-8, the
 * folder is asked which of its names reads like that.
 */
async function bytesOfPath(given: string): Promise<Buffer> {
  const plain = Buffer.from(given);
  if (!given.includes('\ufffd')) return plain;
  const wanted = basename(given);
  const names = await readdir(dirname(given), { encoding: 'buffer' }).catch(() => [] as Buffer[]);
  const alike = names.filter((name) => name.toString('utf8') === wanted);
  if (alike.length !== 1) return plain;
  return Buffer.concat([Buffer.from(`${dirname(given)}/`), alike[0] as Buffer]);
}

function cannotRead(path: string, cause: unknown): AppError {
  const reason = (cause as NodeJS.ErrnoException).code ?? String(cause);
  const isForbidden = reason === 'EACCES' || reason === 'EPERM';
  return new AppError({
    code: isForbidden ? 'source/not-permitted' : 'source/unreadable',
    message: `'${safeText(path)}' cannot be read (${reason}).`,
    next: isForbidden ? 'Ask its owner for the right to read it, or leave it out.' : 'Check the path.',
    cause,
  });
}
