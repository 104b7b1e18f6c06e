import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { replaceFile } from './index.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cairn-durable-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

test('a file has the new content, its owner’s eyes only, and nothing lies beside it', async () => {
  const path = join(folder, 'book.json');
  await writeFile(path, 'a longer text than the one that follows');
  await replaceFile(path, 'short');
  expect(await readFile(path, 'utf8')).toBe('short');
  expect((await stat(path)).mode & 0o077).toBe(0);
  await replaceFile(path, Uint8Array.of(1, 2, 3));
  expect([...(await readFile(path))]).toEqual([1, 2, 3]);
  expect(await readdir(folder)).toEqual(['book.json']);
});

test('many at once: one of them whole, never a mixture', async () => {
  const path = join(folder, 'book');
  const texts = Array.from({ length: 20 }, (_, at) => String(at).repeat(100_000));
  await Promise.all(texts.map((text) => replaceFile(path, text)));
  expect(texts).toContain(await readFile(path, 'utf8'));
  expect(await readdir(folder)).toEqual(['book']);
});

test('what cannot be written leaves the old content and nothing else', async () => {
  await expect(replaceFile(join(folder, 'nowhere', 'book'), 'x')).rejects.toMatchObject({ code: 'ENOENT' });
  const taken = join(folder, 'taken');
  await mkdir(taken);
  await writeFile(join(taken, 'inside'), 'kept');
  await expect(replaceFile(taken, 'x')).rejects.toMatchObject({ syscall: 'rename' });
  expect(await readdir(folder)).toEqual(['taken']);
  expect(await readFile(join(taken, 'inside'), 'utf8')).toBe('kept');
});
