import { entriesToHoldings, type FileEntry } from '#catalogue';
import { type CairnClient, type ReadMember, readMembers } from '#client';
import { formatSize } from '#config';
import { releaseMemory } from '#erasure';
import { AppError } from '#errors';
import type { CommandAction } from '../command.js';
import type { CliContext } from '../context.js';
import { safeText } from '../output/text.js';
import { withClient } from '../session.js';
import { parseByteRange } from './byte-range.js';
import { fetchFile } from './get-file.js';
import { assertFree, findTargets, type Target } from './get-targets.js';
import { numberOption } from './option-values.js';
import { MadeFolders, writeAtOnce } from './partial-file.js';

/** Small files written and synced at once. */
const WRITE_TOGETHER = 16;

interface Failure {
  readonly target: Target;
  readonly error: AppError;
}

export const get: CommandAction = async ({ args, options }, context) =>
  withClient(context, async (client) => {
    const name = args[0] as string;
    const output = typeof options['output'] === 'string' ? options['output'] : undefined;
    const asked = typeof options['range'] === 'string' ? options['range'] : undefined;
    const version = numberOption(options, 'version', { min: 1, max: 0xffff_ffff });
    if (output === '-') return writeToStdout(client, name, { asked, version }, context);
    const targets = await findTargets(client, name, output, context, version);
    if (options['force'] !== true) for (const { path } of targets) await assertFree(path);
    const [only] = targets;
    if (only !== undefined && targets.length === 1) {
      const range = asked === undefined ? undefined : parseByteRange(asked, Number(only.entry.sizeBytes));
      await fetchFile(client, only, range, context);
      report([only], [], context);
      return undefined;
    }
    if (asked !== undefined) throw rangeOfFolder(name);
    return fetchFolder(client, targets, context);
  });

/** Everything that can be had; what cannot is named and keeps nothing else back. */
export async function fetchFolder(
  client: CairnClient,
  targets: readonly Target[],
  context: CliContext,
): Promise<undefined> {
  const byEntry = new Map(targets.map((target) => [target.entry, target]));
  const written: Target[] = [];
  const failures: Failure[] = [];
  const attempt = async (target: Target, write: () => Promise<void>): Promise<void> => {
    try {
      await write();
      written.push(target);
    } catch (error) {
      if (!(error instanceof AppError) || context.signal.aborted) throw error;
      failures.push({ target, error });
      context.output.note(`not written: ${safeText(target.path)}: ${error.message} [${error.code}]`);
    }
  };
  const bar = context.output.progress(`${targets.length} files`);
  const folders = new MadeFolders();
  for (const { entries } of entriesToHoldings([...byEntry.keys()])) {
    const own = entries.map((entry) => byEntry.get(entry) as Target);
    const [first] = own as [Target];
    if (first.entry.member === undefined) {
      for (const target of own) await attempt(target, () => fetchFile(client, target, undefined, context));
      continue;
    }
    await eachMember(client, entries, context, async (member) => {
      const target = byEntry.get(member.entry) as Target;
      await attempt(target, () => writeMember(target, member, folders));
      bar.update('fetching', written.length, targets.length, 'items');
    });
  }
  bar.done();
  report(written, failures, context);
  if (failures.length > 0) throw incomplete(failures, targets.length);
  return undefined;
}

/** Members of a pack, each part of it read once; a few are written while the next come. */
async function eachMember(
  client: CairnClient,
  entries: readonly FileEntry[],
  { signal }: CliContext,
  use: (member: ReadMember) => Promise<void>,
): Promise<void> {
  const writing = new Set<Promise<void>>();
  try {
    for await (const member of readMembers(client.context, entries, { signal })) {
      const task: Promise<void> = use(member).finally(() => writing.delete(task));
      task.catch(() => undefined);
      writing.add(task);
      if (writing.size >= WRITE_TOGETHER) await Promise.race(writing);
    }
  } finally {
    await Promise.all(writing);
  }
}

async function writeMember({ entry, path }: Target, member: ReadMember, folders: MadeFolders): Promise<void> {
  if ('error' in member) throw member.error;
  const fileHash = entry.member?.fileHash ?? new Uint8Array(32);
  await writeAtOnce(path, member.plain, { fileHash, modifiedAtMs: Number(entry.modifiedAt), folders });
}

/** Waits for the reader after every piece; one that goes away ends the command with 0 (process/interrupts.ts). */
async function writeToStdout(
  client: CairnClient,
  name: string,
  { asked, version }: { readonly asked: string | undefined; readonly version: number | undefined },
  { output, signal }: CliContext,
): Promise<undefined> {
  const entry = await client.file(name, { signal, ...(version !== undefined && { version }) });
  const range = asked === undefined ? {} : { range: parseByteRange(asked, Number(entry.sizeBytes)) };
  const bar = process.stdout.isTTY === true ? undefined : output.progress(safeText(name));
  const onProgress = ({ done, total }: { done: number; total: number }) =>
    bar?.update('fetching', done, total);
  try {
    for await (const part of client.read(entry, { signal, onProgress, ...range })) {
      await new Promise<void>((done, fail) =>
        process.stdout.write(part, (error) => (error ? fail(error) : done())),
      );
      releaseMemory(part);
    }
  } finally {
    bar?.done();
  }
  return undefined;
}

function report(written: readonly Target[], failures: readonly Failure[], { output }: CliContext): void {
  for (const { entry, path } of written) output.print(`${safeText(path)}  ${formatSize(entry.sizeBytes)}`);
  output.printJson({
    files: written.map(({ entry, path }) => ({ name: entry.path, path, sizeBytes: Number(entry.sizeBytes) })),
    ...(failures.length === 0
      ? {}
      : {
          failed: failures.map(({ target, error }) => ({
            name: target.entry.path,
            path: target.path,
            code: error.code,
            message: error.message,
          })),
        }),
  });
}

function incomplete(failures: readonly Failure[], total: number): AppError {
  const [first] = failures as [Failure, ...Failure[]];
  return new AppError({
    code: 'get/incomplete',
    message: `${failures.length} of ${total} files could not be written; the first was '${safeText(first.target.entry.path)}': ${first.error.message}`,
    next: first.error.next ?? 'Get them one by one.',
    data: { failed: failures.length, firstCode: first.error.code },
    cause: first.error,
  });
}

function rangeOfFolder(name: string): AppError {
  return new AppError({
    code: 'cli/bad-range',
    message: `'${safeText(name)}' is a folder, and --range is about one file.`,
    next: 'Name a file of it.',
  });
}
