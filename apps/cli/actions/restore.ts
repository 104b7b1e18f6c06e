import { lstat } from 'node:fs/promises';
import { resolve, sep } from 'node:path';
import { allEntries, type FileEntry, versionOf } from '#catalogue';
import { AppError } from '#errors';
import type { CommandAction } from '../command.js';
import { safeText } from '../output/text.js';
import { withClient } from '../session.js';
import { fetchFolder } from './get.js';
import { type Target, toLocalPath } from './get-targets.js';
import { isSameTime } from './local-sources.js';
import { provenHead } from './proven-head.js';

/** Everything that is stored, into a folder: with nothing but the phrase and a node. */
export const restore: CommandAction = async (input, context) =>
  withClient(context, async (client) => {
    const { output, signal } = context;
    const { options } = input;
    const folder = resolve(input.args[0] ?? '');
    const proven = options['unproven'] === true ? undefined : await provenHead(client, input, context);
    const { catalogue, sequence } = await client.catalogue({ signal, proven });
    if (sequence === 0n) throw nothingStored(client.address, context.params.name);
    const entries = options['versions'] === true ? allEntries(catalogue) : catalogue.files;
    const newest = new Set(catalogue.files);
    const targets = entries.map((entry) => ({ entry, path: pathIn(folder, entry, newest.has(entry)) }));
    const { missing, inTheWay } = await lookAtTargets(targets);
    const there = targets.length - missing.length - inTheWay.length;
    output.note(
      `List ${sequence}${proven === undefined ? '' : ', not older than what the chain proves'}: ${targets.length} files${there > 0 ? `, ${there} of them in '${safeText(folder)}' already` : ''}.`,
    );
    for (const { path } of inTheWay)
      output.note(`left as it is, with another size or time: ${safeText(path)}`);
    await fetchFolder(client, missing, context);
    if (inTheWay.length > 0) throw somethingInTheWay(inTheWay, folder);
    return undefined;
  });

/** What is to be fetched, and what must not be written over: somebody may have changed it since it was stored. */
export async function lookAtTargets(
  targets: readonly Target[],
): Promise<{ readonly missing: Target[]; readonly inTheWay: Target[] }> {
  const missing: Target[] = [];
  const inTheWay: Target[] = [];
  for (const target of targets) {
    const found = await lookAt(target);
    if (found === 'nothing') missing.push(target);
    else if (found === 'another') inTheWay.push(target);
  }
  return { missing, inTheWay };
}

/** Names come from the catalogue and must not climb out of the folder. An earlier version gets its number. */
function pathIn(folder: string, entry: FileEntry, isNewest: boolean): string {
  const name = isNewest ? entry.path : `${entry.path}.~${versionOf(entry)}~`;
  const path = resolve(folder, `./${name}`);
  if (path.startsWith(folder === sep ? sep : folder + sep) && !name.includes('\0') && !name.endsWith('/'))
    return path;
  throw new AppError({
    code: 'get/unsafe-name',
    message: `The name '${safeText(entry.path)}' cannot be a path in '${safeText(folder)}'.`,
    next: 'Get it alone and say where it goes: cairn get NAME -o PATH; the others: cairn get FOLDER -o DIR.',
  });
}

/** A file of that size and time is the one that was stored: an interrupted restore goes on. */
async function lookAt({ entry, path }: Target): Promise<'nothing' | 'same' | 'another'> {
  const info = await lstat(toLocalPath(path)).catch(() => undefined);
  if (info === undefined) return 'nothing';
  const isSame =
    info.isFile() &&
    info.size === Number(entry.sizeBytes) &&
    isSameTime(info.mtimeMs, Number(entry.modifiedAt));
  return isSame ? 'same' : 'another';
}

function somethingInTheWay(targets: readonly Target[], folder: string): AppError {
  const some = targets.slice(0, 3).map(({ path }) => `'${safeText(path)}'`);
  return new AppError({
    code: 'restore/in-the-way',
    message: `${targets.length} files in '${safeText(folder)}' are there with another size or time and were left as they are: ${some.join(', ')}${targets.length > some.length ? ', …' : ''}.`,
    next: 'Move them away, or restore into another folder; `cairn get NAME -o PATH --force` replaces a single one.',
    data: { count: targets.length },
  });
}

function nothingStored(address: string, network: string): AppError {
  return new AppError({
    code: 'restore/nothing',
    message: `Nothing was ever stored by ${address} on ${network}.`,
    next: 'Check that this is the right phrase (`cairn keys show`) and the right network; another phrase is another account.',
  });
}
