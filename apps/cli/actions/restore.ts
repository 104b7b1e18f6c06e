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
    const missing: Target[] = [];
    for (const target of targets) if (!(await isThere(target))) missing.push(target);
    const there = targets.length - missing.length;
    output.note(
      `List ${sequence}${proven === undefined ? '' : ', not older than what the chain proves'}: ${targets.length} files${there > 0 ? `, ${there} of them in '${safeText(folder)}' already` : ''}.`,
    );
    return fetchFolder(client, missing, context);
  });

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

/** Whether a file of that size and time is there: an interrupted restore goes on. */
async function isThere({ entry, path }: Target): Promise<boolean> {
  const info = await lstat(toLocalPath(path)).catch(() => undefined);
  return (
    info?.isFile() === true &&
    info.size === Number(entry.sizeBytes) &&
    isSameTime(info.mtimeMs, Number(entry.modifiedAt))
  );
}

function nothingStored(address: string, network: string): AppError {
  return new AppError({
    code: 'restore/nothing',
    message: `Nothing was ever stored by ${address} on ${network}.`,
    next: 'Check that this is the right phrase (`cairn keys show`) and the right network; another phrase is another account.',
  });
}
