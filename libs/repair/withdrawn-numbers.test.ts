import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { WithdrawnNumbers } from './withdrawn-numbers.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cairn-withdrawn-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const LIMITS = { filesPerClient: 3, files: 5 };
const one = (name: string, client: string, number = 7n) => ({
  subject: name.repeat(64),
  client,
  number,
  contracts: ['aa'.repeat(32)],
});
const kept = (numbers: WithdrawnNumbers, names: string) =>
  [...names].filter((name) => numbers.get(name.repeat(64)) !== undefined).join('');

test('numbers outlive the process; a client’s oldest makes room for its own newest, nobody else’s', async () => {
  const numbers = await WithdrawnNumbers.open(folder);
  await numbers.note(one('1', 'other'), LIMITS);
  for (const name of '2345') await numbers.note(one(name, 'client'), LIMITS);
  expect(kept(numbers, '12345')).toBe('1345');
  await numbers.note(one('4', 'client', 9n), LIMITS);
  await writeFile(join(folder, `${'9'.repeat(64)}.json`), '{"version":1');
  const again = await WithdrawnNumbers.open(folder);
  expect(kept(again, '123459')).toBe('1345');
  expect(again.get('4'.repeat(64))).toEqual(one('4', 'client', 9n));
});

test('there is a most for all of them; each is looked at again, in turn', async () => {
  const numbers = await WithdrawnNumbers.open(folder);
  for (const name of '123456') await numbers.note(one(name, `client ${name}`), LIMITS);
  expect(kept(numbers, '123456')).toBe('23456');
  const seen = [1, 2, 3].map(() => numbers.nextToCheck(2).map(({ subject }) => subject[0]));
  expect(seen).toEqual([['2', '3'], ['4', '5'], ['6']]);
  await numbers.forget('2'.repeat(64));
  expect(numbers.nextToCheck(2).map(({ subject }) => subject[0])).toEqual(['3', '4']);
});
