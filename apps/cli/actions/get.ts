import { type FileHandle, mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve, sep } from 'node:path';
import type { FileEntry } from '#catalogue';
import type { CairnClient } from '#client';
import { formatSize } from '#config';
import { releaseMemory } from '#erasure';
import { AppError } from '#errors';
import type { CommandAction } from '../command.js';
import type { CliContext } from '../context.js';
import { safeText } from '../output/text.js';
import { withClient } from '../session.js';

interface Target {
  readonly entry: FileEntry;
  readonly path: string;
}

export const get: CommandAction = async ({ args, options }, context) =>
  withClient(context, async (client) => {
    const name = args[0] as string;
    const output = typeof options['output'] === 'string' ? options['output'] : undefined;
    if (output === '-') return writeToStdout(client, await client.file(name, context), context);
    const targets = await findTargets(client, name, output, context);
    if (options['force'] !== true) for (const { path } of targets) await assertFree(path);
    const written: Record<string, unknown>[] = [];
    for (const { entry, path } of targets) {
      await writeToFile(client, entry, path, context);
      written.push({ name: entry.path, path, sizeBytes: Number(entry.sizeBytes) });
      context.output.print(`${safeText(path)}  ${formatSize(entry.sizeBytes)}`);
    }
    context.output.printJson({ files: written });
    return undefined;
  });

/** One file, or everything below a folder name. Names come from the catalogue and must not climb out of the folder. */
async function findTargets(
  client: CairnClient,
  name: string,
  output: string | undefined,
  context: CliContext,
): Promise<Target[]> {
  const { catalogue } = await client.catalogue({ signal: context.signal });
  const exact = catalogue.files.find(({ path }) => path === name);
  if (exact !== undefined) return [{ entry: exact, path: await filePath(name, output) }];
  const prefix = name.endsWith('/') ? name : `${name}/`;
  const below = catalogue.files.filter(({ path }) => path.startsWith(prefix));
  if (below.length === 0) return [{ entry: await client.file(name, { signal: context.signal }), path: '' }];
  const folder = resolve(output ?? basename(name));
  return below.map((entry) => {
    const path = resolve(folder, entry.path.slice(prefix.length));
    if (!path.startsWith(folder + sep) || entry.path.includes('\0')) throw unsafeName(entry.path);
    return { entry, path };
  });
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

async function writeToFile(
  client: CairnClient,
  entry: FileEntry,
  path: string,
  context: CliContext,
): Promise<void> {
  const partial = `${path}.part`;
  const bar = context.output.progress(safeText(entry.path));
  await mkdir(dirname(path), { recursive: true });
  let handle: FileHandle | undefined;
  try {
    handle = await open(partial, 'w', 0o600);
    const { signal } = context;
    const onProgress = ({ done, total }: { done: number; total: number }) =>
      bar.update('fetching', done, total);
    for await (const part of client.read(entry, { signal, onProgress })) {
      await writeAll(handle, part);
      releaseMemory(part);
    }
    await handle.chmod(0o666 & ~process.umask());
    await handle.utimes(new Date(), new Date(Number(entry.modifiedAt)));
    await handle.sync();
    await handle.close();
    handle = undefined;
    await rename(partial, path);
  } catch (error) {
    await handle?.close();
    await rm(partial, { force: true });
    throw toWriteError(path, error);
  } finally {
    bar.done();
  }
}

async function writeToStdout(client: CairnClient, entry: FileEntry, context: CliContext): Promise<undefined> {
  for await (const part of client.read(entry, { signal: context.signal })) {
    await new Promise<void>((done, fail) =>
      process.stdout.write(part, (error) => (error ? fail(error) : done())),
    );
  }
  return undefined;
}

async function writeAll(handle: FileHandle, part: Uint8Array): Promise<void> {
  for (let at = 0; at < part.length; ) {
    const { bytesWritten } = await handle.write(part, at, part.length - at);
    at += bytesWritten;
  }
}

async function assertFree(path: string): Promise<void> {
  const exists = await stat(path).then(
    () => true,
    () => false,
  );
  if (!exists) return;
  throw new AppError({
    code: 'get/exists',
    message: `'${path}' exists already and was left as it is.`,
    next: 'Name another file with -o, or replace it with --force.',
    data: { path },
  });
}

function toWriteError(path: string, error: unknown): unknown {
  const code = (error as NodeJS.ErrnoException).code;
  if (error instanceof AppError || (error as NodeJS.ErrnoException).syscall === undefined) return error;
  return new AppError({
    code: code === 'EACCES' || code === 'EPERM' ? 'get/not-permitted' : 'get/unwritable',
    message: `'${path}' cannot be written (${code}). Nothing was left behind.`,
    next:
      code === 'ENOSPC' ? 'Free some space, or name another place with -o.' : 'Name another place with -o.',
    cause: error,
  });
}

function unsafeName(name: string): AppError {
  return new AppError({
    code: 'get/unsafe-name',
    message: `The name '${safeText(name)}' cannot be a path here.`,
    next: 'Get it alone and say where it goes: cairn get NAME -o PATH.',
  });
}
