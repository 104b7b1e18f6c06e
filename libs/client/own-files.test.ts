import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { createFileJournal } from './negotiation/negotiation-journal.js';
import { handOver } from './repair/hand-over.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cairn-own-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const told = (code: string, path: string) => ({
  code,
  message: expect.stringContaining(path),
  next: expect.stringContaining('permissions'),
  data: { path },
});

test('open negotiations: a folder that was never there has none, one that cannot be read is told', async () => {
  expect(await createFileJournal(join(folder, 'none yet')).open()).toEqual([]);
  const file = join(folder, 'a file');
  await writeFile(file, '');
  const unreadable = told('negotiation/journal-unreadable', file);
  await expect(createFileJournal(file).open()).rejects.toMatchObject(unreadable);
});

test('open negotiations: an entry that is gone or damaged tells of nothing, one that cannot be read is told', async () => {
  const journal = createFileJournal(folder);
  // As one that was closed between the listing and the reading.
  await symlink(join(folder, 'gone'), join(folder, 'closed.json'));
  await writeFile(join(folder, 'damaged.json'), '{');
  expect(await journal.open()).toEqual([]);
  const path = join(folder, 'entry.json');
  await mkdir(path);
  await expect(journal.open()).rejects.toMatchObject(told('negotiation/journal-unreadable', path));
});

test('what was handed over: one that cannot be read is told before anything is sent or written', async () => {
  const book = join(folder, 'book');
  await mkdir(book);
  const context = { identity: { account: 'somebody' } } as Parameters<typeof handOver>[0];
  await expect(handOver(context, [], { book })).rejects.toMatchObject(told('repair/book-unreadable', book));
  const fresh = join(folder, 'fresh');
  expect(await handOver(context, [], { book: fresh })).toEqual({ handed: 0, withdrawn: 0, failed: [] });
  await writeFile(fresh, 'damaged');
  expect(await handOver(context, [], { book: fresh })).toEqual({ handed: 0, withdrawn: 0, failed: [] });
});
