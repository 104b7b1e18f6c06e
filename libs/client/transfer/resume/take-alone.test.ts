import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { startOf, UNKNOWN_START } from '../../negotiation/living-process.js';
import { takeAlone } from './take-alone.js';

const PROCESSES = 3;
const ROUNDS = 12;

let folder: string;
const children: ChildProcessWithoutNullStreams[] = [];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cairn-take-'));
});
afterEach(async () => {
  for (const child of children.splice(0)) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
  await rm(folder, { recursive: true, force: true });
});

/** A process that opens the journal of an upload for every name it is given, and says whether it got it. */
function startOpener(): { open(name: string): Promise<string>; child: ChildProcessWithoutNullStreams } {
  const journals = JSON.stringify(new URL('./upload-journal.js', import.meta.url).href);
  const program = `
    import { createInterface } from 'node:readline';
    const { createUploadJournals } = await import(${journals});
    const journals = createUploadJournals(${JSON.stringify(folder)}, new Uint8Array(32).fill(7));
    const keys = () => ({ contentKey: new Uint8Array(32), repairKey: new Uint8Array(32) });
    const profile = { k: 1, repairBelow: 2, n: 3 };
    console.log('ready');
    for await (const name of createInterface({ input: process.stdin })) {
      const about = { networkId: 3, path: '/a', name, profile, epochs: 5, fragmentSize: 65536 };
      const journal = await journals.open(about, keys, Date.now());
      console.log(journal === undefined ? 'busy' : 'got');
    }`;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', program]);
  children.push(child);
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const errors: string[] = [];
  child.stderr.on('data', (part: Buffer) => errors.push(String(part)));
  const answer = async (): Promise<string> => {
    const { value, done } = await lines.next();
    if (done === true) throw new Error(`the process ended: ${errors.join('')}`);
    return value;
  };
  const ready = answer();
  return {
    child,
    open: async (name) => {
      await ready;
      child.stdin.write(`${name}\n`);
      return answer();
    },
  };
}

test('of processes that open one journal at the same moment exactly one gets it', async () => {
  const openers = Array.from({ length: PROCESSES }, startOpener);
  await Promise.all(openers.map((opener) => opener.open('warm')));
  for (let round = 0; round < ROUNDS; round++) {
    const answers = await Promise.all(openers.map((opener) => opener.open(`file ${round}`)));
    expect(answers.sort()).toEqual(['busy', 'busy', 'got']);
  }
  expect((await readdir(folder)).filter((name) => !name.endsWith('.upload'))).toEqual([]);
}, 30_000);

test('what a killed process had is taken over by one of those who come', async () => {
  const killed = startOpener();
  expect(await killed.open('file')).toBe('got');
  const openers = [startOpener(), startOpener()];
  expect(await Promise.all(openers.map((opener) => opener.open('file')))).toEqual(['busy', 'busy']);
  killed.child.kill('SIGKILL');
  await once(killed.child, 'exit');
  const answers = await Promise.all(openers.map((opener) => opener.open('file')));
  expect(answers.sort()).toEqual(['busy', 'got']);
}, 30_000);

test('the note of a dead process is in nobody’s way, that of a living one is, that of one before under its id is not', async () => {
  const path = join(folder, 'file');
  const parent = await startOf(process.ppid);
  await writeFile(`${path}.${2 ** 30}-5.taking`, '');
  // Only where the system says when a process began.
  if (parent !== UNKNOWN_START) await writeFile(`${path}.${process.ppid}-1.taking`, '');
  expect(await takeAlone(path, async () => 'done')).toBe('done');
  expect(await readdir(folder)).toEqual([]);
  const living = `${path}.${process.ppid}-${parent}.taking`;
  await writeFile(living, '');
  expect(await takeAlone(path, async () => 'done')).toBeUndefined();
  await access(living);
  await rm(living);
  expect(await takeAlone(path, async () => 'done')).toBe('done');
});

test('two of one process come one after the other, and a failure leaves nothing behind', async () => {
  const path = join(folder, 'file');
  const order: number[] = [];
  const one = (number: number) =>
    takeAlone(path, async () => {
      order.push(number);
      await readdir(folder);
      order.push(number);
      return number;
    });
  expect(await Promise.all([one(1), one(2)])).toEqual([1, 2]);
  expect(order).toEqual([1, 1, 2, 2]);
  await expect(takeAlone(path, () => Promise.reject(new Error('no')))).rejects.toThrow('no');
  expect(await readdir(folder)).toEqual([]);
});
