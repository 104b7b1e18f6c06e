import { type Catalogue, type FileEntry, findFile } from '#catalogue';
import { safeText } from '../output/text.js';

/**
 * The name that somebody means: as it is stored, or as `cairn ls` shows it, or as a terminal passes on bytes that are no
 * UTF-8. What fits several names, or none, stays as it was given.
 */
export function storedName(catalogue: Catalogue, given: string): string {
  if (findFile(catalogue, given) !== undefined) return given;
  const [only, ...others] = shownAs(catalogue.files, given);
  return only === undefined || others.length > 0 ? given : only.path;
}

/** Files whose names look like this. */
export function shownAs(files: readonly FileEntry[], given: string): FileEntry[] {
  if (!/[\\\ufffd]/.test(given)) return [];
  return files.filter(({ path }) => safeText(path) === given || readAsText(path) === given);
}

/** What programs that expect UTF-8 make of a name. */
function readAsText(path: string): string {
  return path.replace(/[\ud800-\udfff]/gu, '\ufffd');
}
