import { mkdtemp, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { RepairBook } from './repair-book.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cairn-book-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

test('a book whose disk failed once is written again when it can be', async () => {
  const file = join(folder, 'book', 'repairs.json');
  const book = await RepairBook.open(file);
  await rename(join(folder, 'book'), join(folder, 'away'));
  await expect(book.noteHealed(1)).rejects.toThrow('ENOENT');
  await rename(join(folder, 'away'), join(folder, 'book'));
  await book.noteHealed(2);
  expect((await RepairBook.open(file)).healed).toBe(3);
});
