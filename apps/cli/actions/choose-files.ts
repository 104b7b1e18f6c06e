import type { FileEntry } from '#catalogue';
import type { CairnClient } from '#client';
import { AppError } from '#errors';
import type { CliContext } from '../context.js';
import { safeText } from '../output/text.js';
import { shownAs } from './stored-name.js';

/**
 * The stored files that names stand for: a file, or everything below a folder; all of them where none is named. A
 * leading `./` changes nothing, so that a file whose name is also a word of a command can be named.
 */
export async function chooseFiles(
  client: CairnClient,
  names: readonly string[],
  { signal }: Pick<CliContext, 'signal'>,
): Promise<FileEntry[]> {
  const { catalogue } = await client.catalogue({ signal });
  if (names.length === 0) return [...catalogue.files];
  const chosen = new Map<string, FileEntry>();
  for (const name of names) {
    const found = filesOf(catalogue.files, name);
    if (found.length === 0) throw noSuchFile(name, catalogue.files.length);
    for (const entry of found) chosen.set(entry.path, entry);
  }
  return [...chosen.values()];
}

/** The file of a name, or the files below it. */
export function filesOf(files: readonly FileEntry[], name: string): readonly FileEntry[] {
  const exact = files.find(({ path }) => path === name);
  if (exact !== undefined) return [exact];
  const prefix = name.endsWith('/') ? name : `${name}/`;
  const below = files.filter(({ path }) => path.startsWith(prefix));
  if (below.length > 0) return below;
  return name.startsWith('./') ? filesOf(files, name.slice(2)) : shownAs(files, name);
}

function noSuchFile(name: string, count: number): AppError {
  return new AppError({
    code: 'catalogue/no-such-file',
    message: `No file '${safeText(name)}' is stored, and none below it; ${count} files are.`,
    next: 'See `cairn ls` for the names.',
  });
}
