import { randomInt } from 'node:crypto';
import { readdir, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { isOfAnother, startOf, UNKNOWN_START } from '../../negotiation/living-process.js';

const SUFFIX = '.taking';
/** Those who find each other go back and come again, each after a while of its own. */
const MAX_WAIT_MS = 40;
const MAX_ATTEMPTS = 30;

/** Files that something in this process is being done with. */
const takenHere = new Set<string>();

/**
 * Does something with a file while no other process does, and no other part of this one; undefined where others were
 * there all the time. For what is soon done: who comes meanwhile waits.
 *
 * Whoever wants the file first lays a note of its own beside it and then looks for notes of others: of two, the one who
 * laid its note later sees the other's, so never both go on. A note of a dead process is in nobody's way, and as no two
 * processes share a name, removing it can hit nobody else's. Needs no lock of the kernel's.
 */
export async function takeAlone<T>(path: string, act: () => Promise<T>): Promise<T | undefined> {
  for (let attempt = 1; takenHere.has(path); attempt++) {
    if (attempt > MAX_ATTEMPTS) return undefined;
    await delay(randomInt(1, MAX_WAIT_MS));
  }
  takenHere.add(path);
  try {
    const note = `${path}.${process.pid}-${await startOf(process.pid)}${SUFFIX}`;
    for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt++) {
      await writeFile(note, '', { mode: 0o600 });
      try {
        if (!(await isNotedByOthers(path, note))) return await act();
      } finally {
        await rm(note, { force: true });
      }
      await delay(randomInt(1, MAX_WAIT_MS));
    }
    return undefined;
  } finally {
    takenHere.delete(path);
  }
}

async function isNotedByOthers(path: string, own: string): Promise<boolean> {
  const folder = dirname(path);
  const start = `${basename(path)}.`;
  let isNoted = false;
  for (const name of await readdir(folder)) {
    const other = join(folder, name);
    if (!name.startsWith(start) || !name.endsWith(SUFFIX) || other === own) continue;
    if (await isOfLiving(name.slice(start.length, -SUFFIX.length))) isNoted = true;
    else await rm(other, { force: true });
  }
  return isNoted;
}

/** `PID-START`; another start under the same id is another process. */
async function isOfLiving(noted: string): Promise<boolean> {
  const [pid = '', start = ''] = noted.split('-');
  if (!/^\d+$/.test(pid) || !isOfAnother(Number(pid))) return false;
  const now = await startOf(Number(pid));
  return now === start || now === UNKNOWN_START || start === UNKNOWN_START;
}
