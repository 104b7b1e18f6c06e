import { stat } from 'node:fs/promises';
import { basename, join, resolve, sep } from 'node:path';
import { type FileEntry, textToPath } from '#catalogue';
import type { CairnClient } from '#client';
import { AppError } from '#errors';
import type { CliContext } from '../context.js';
import { safeText } from '../output/text.js';
import { filesOf } from './choose-files.js';

/** A stored file and where it goes. */
export interface Target {
  readonly entry: FileEntry;
  /** Absolute; the text form of a path. */
  readonly path: string;
}

/** One file, or everything below a folder name. Names come from the catalogue and must not climb out of the folder. */
export async function findTargets(
  client: CairnClient,
  name: string,
  output: string | undefined,
  { signal }: CliContext,
  version?: number,
): Promise<Target[]> {
  if (version !== undefined) {
    const entry = await client.file(name, { signal, version });
    return [{ entry, path: await filePath(entry.path, output) }];
  }
  const { catalogue } = await client.catalogue({ signal });
  const found = filesOf(catalogue.files, name);
  const [only] = found;
  if (only === undefined) return [{ entry: await client.file(name, { signal }), path: '' }];
  const isFile = found.length === 1 && (only.path === name || !only.path.startsWith(prefixOf(only, name)));
  if (isFile) return [{ entry: only, path: await filePath(only.path, output) }];
  const prefix = prefixOf(only, name);
  const folder = resolve(output ?? basename(prefix));
  return found.map((entry) => {
    const path = resolve(folder, entry.path.slice(prefix.length));
    if (!path.startsWith(folder + sep) || entry.path.includes('\0')) throw unsafeName(entry.path);
    return { entry, path };
  });
}

/** Refuses to write over what is there. */
export async function assertFree(path: string): Promise<void> {
  const exists = await stat(toLocalPath(path)).then(
    () => true,
    () => false,
  );
  if (!exists) return;
  throw new AppError({
    code: 'get/exists',
    message: `'${safeText(path)}' exists already and was left as it is.`,
    next: 'Name another file with -o, or replace it with --force.',
    data: { path },
  });
}

/** A path as the file system takes it: names that are no UTF-8 only as bytes. */
export function toLocalPath(path: string): string | Buffer {
  return /[\ud800-\udfff]/.test(path) ? Buffer.from(textToPath(path)) : path;
}

function prefixOf({ path }: FileEntry, name: string): string {
  const whole = name.endsWith('/') ? name : `${name}/`;
  return path.startsWith(whole) ? whole : whole.slice(2);
}

async function filePath(name: string, output: string | undefined): Promise<string> {
  const own = basename(name);
  if (output === undefined) {
    if (own === '' || own === '.' || own === '..' || own.includes('\0')) throw unsafeName(name);
    return resolve(own);
  }
  const isFolder =
    output.endsWith('/') ||
    (await stat(output).then(
      (info) => info.isDirectory(),
      () => false,
    ));
  return isFolder ? join(resolve(output), own) : resolve(output);
}

function unsafeName(name: string): AppError {
  return new AppError({
    code: 'get/unsafe-name',
    message: `The name '${safeText(name)}' cannot be a path here.`,
    next: 'Get it alone and say where it goes: cairn get NAME -o PATH.',
  });
}
