import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { hasFragments } from './volume-marker.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cairn-marker-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

test('a folder has fragments where one lies in a shard; what is not there has none', async () => {
  expect(await hasFragments(join(folder, 'nowhere'))).toBe(false);
  await mkdir(join(folder, 'ab'));
  await writeFile(join(folder, 'ab', 'note.txt'), '');
  expect(await hasFragments(folder)).toBe(false);
  await writeFile(join(folder, 'ab', 'ab'.repeat(32)), '');
  expect(await hasFragments(folder)).toBe(true);
});

test('a folder that cannot be read is not an empty one', async () => {
  // A shard that leads to itself: the file system's own error, whoever runs this.
  await symlink('cd', join(folder, 'cd'));
  await expect(hasFragments(folder)).rejects.toMatchObject({ code: 'ELOOP' });
  await expect(hasFragments(join(folder, 'cd'))).rejects.toMatchObject({ code: 'ELOOP' });
});
