import { existsSync } from 'node:fs';
import { open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { suspectNote } from './store-error.js';

/** A file that was moved away to be looked through, and why. */
export interface SetAside {
  readonly path: string;
  readonly why: string;
}

/** Present from the moment a file is to be moved away until what it held was taken over: a kill between is made good. */
const noteOf = (file: string): string => `${file}.rebuild`;

/** Moves a database and its log to `FILE.damaged-N`, so that the name is free for a new one. */
export async function setAside(file: string, why: string): Promise<SetAside> {
  const path = `${file}.damaged-${await nextNumber(file)}`;
  await writeNote(noteOf(file), JSON.stringify({ path, why }));
  return finishMove(file, { path, why });
}

/** The move or the rebuilding that a kill cut short, if any; the file is moved when this returns. */
export async function unfinishedSetAside(file: string): Promise<SetAside | undefined> {
  const note = await readFile(noteOf(file), 'utf8').catch(() => undefined);
  const aside = note === undefined ? undefined : parseNote(note);
  return aside && finishMove(file, aside);
}

/** What was set aside is taken over: nothing is left to be made good. */
export async function forgetSetAside(file: string): Promise<void> {
  await rm(noteOf(file), { force: true });
}

/** Removes a database that is derived from another one. */
export async function removeDatabase(file: string): Promise<void> {
  for (const path of [`${file}-wal`, `${file}-shm`, file, suspectNote(file)]) await rm(path, { force: true });
}

/** The log goes first: where the file itself is moved, all of it is. */
async function finishMove(file: string, aside: SetAside): Promise<SetAside> {
  if (!existsSync(aside.path) && existsSync(file)) {
    if (existsSync(`${file}-wal`)) await rename(`${file}-wal`, `${aside.path}-wal`);
    await rename(file, aside.path);
    await rm(`${file}-shm`, { force: true });
  }
  await rm(suspectNote(file), { force: true });
  return aside;
}

async function nextNumber(file: string): Promise<number> {
  const start = `${basename(file)}.damaged-`;
  const numbers = (await readdir(dirname(file)))
    .filter((name) => name.startsWith(start))
    .map((name) => Number.parseInt(name.slice(start.length), 10) || 0);
  return Math.max(0, ...numbers) + 1;
}

function parseNote(note: string): SetAside | undefined {
  try {
    return JSON.parse(note) as SetAside;
  } catch {
    // A note that was cut off while it was written: nothing had been moved yet.
    return undefined;
  }
}

async function writeNote(path: string, content: string): Promise<void> {
  const temporary = `${path}.part`;
  const handle = await open(temporary, 'w');
  try {
    await handle.writeFile(content);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(temporary, join(dirname(path), basename(path)));
}
