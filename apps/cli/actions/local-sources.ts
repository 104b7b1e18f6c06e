import { createWriteStream } from 'node:fs';
import { mkdir, readdir, rm, stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { AppError } from '#errors';
import type { CliContext } from '../context.js';
import { makeDataFolder } from '../session.js';

/** A file of this machine and the name it is stored under. */
export interface LocalSource {
  readonly path: string;
  readonly name: string;
}

/** What paths stand for. */
interface FoundSources {
  readonly sources: LocalSource[];
  /** What lies in the folders and is neither file nor folder. */
  readonly leftOut: readonly string[];
  /** Deletes what was spooled. */
  readonly release: () => Promise<void>;
}

/** The files that paths stand for, folders walked, stdin spooled. */
export async function findSources(
  paths: readonly string[],
  name: string | undefined,
  context: CliContext,
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
  if (paths.includes('-')) return spoolStdin(name, context);
  const sources: LocalSource[] = [];
  const leftOut: string[] = [];
  for (const path of paths) sources.push(...(await expand(path, name, leftOut)));
  const seen = new Set<string>();
  for (const source of sources) {
    if (seen.has(source.name)) {
      throw new AppError({
        code: 'cli/name-twice',
        message: `Two of the files would be stored as '${source.name}'.`,
        next: 'Give them names of their own with --name, one at a time.',
      });
    }
    seen.add(source.name);
  }
  return { sources, leftOut, release: async () => undefined };
}

async function expand(path: string, name: string | undefined, leftOut: string[]): Promise<LocalSource[]> {
  const info = await stat(path).catch((cause: unknown) => {
    throw new AppError({
      code: 'source/unreadable',
      message: `'${path}' cannot be read (${(cause as NodeJS.ErrnoException).code}).`,
      next: 'Check the path.',
      cause,
    });
  });
  const ownName = name ?? basename(resolve(path));
  if (!info.isDirectory()) return [{ path, name: ownName }];
  const entries = await readdir(path, { recursive: true, withFileTypes: true });
  leftOut.push(
    ...entries
      .filter((entry) => !entry.isFile() && !entry.isDirectory())
      .map((entry) => join(entry.parentPath, entry.name)),
  );
  const files = entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
  if (files.length === 0) {
    throw new AppError({
      code: 'cli/empty-folder',
      message: `The folder '${path}' holds no files.`,
      next: 'Empty folders are not stored.',
    });
  }
  return files.map((file) => ({
    path: file,
    name: `${ownName}${file.slice(join(path).replace(/\/+$/, '').length)}`,
  }));
}

/** A pipe's length is unknown and it cannot be read twice: it goes through a file that only its owner can read. */
async function spoolStdin(name: string | undefined, context: CliContext): Promise<FoundSources> {
  if (name === undefined) {
    throw new AppError({
      code: 'cli/name-needed',
      message: 'What comes from stdin has no name of its own.',
      next: 'Give it one: cairn put - --name NAME.',
    });
  }
  const folder = join(await makeDataFolder(context), 'tmp');
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const path = join(folder, `stdin-${process.pid}`);
  const release = (): Promise<void> => rm(path, { force: true });
  try {
    await pipeline(process.stdin, createWriteStream(path, { mode: 0o600 }), { signal: context.signal });
  } catch (error) {
    await release();
    throw error;
  }
  return { sources: [{ path, name }], leftOut: [], release };
}
