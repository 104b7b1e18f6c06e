import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { MadeFolders, writeAtOnce } from './partial-file.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cairn-get-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const about = () => ({
  fileHash: new Uint8Array(32).fill(7),
  modifiedAtMs: 1_700_000_000_000,
  folders: new MadeFolders(),
});

describe('a file written at once', () => {
  test('has its bytes, its time and the rights of any new file, and nothing lies beside it', async () => {
    const path = join(folder, 'a', 'b', 'file');
    await writeAtOnce(path, Buffer.from('stored'), about());
    await writeFile(join(folder, 'another'), '');
    expect(await readFile(path, 'utf8')).toBe('stored');
    const { mtimeMs, mode } = await stat(path);
    expect([mtimeMs, mode & 0o777]).toEqual([
      1_700_000_000_000,
      (await stat(join(folder, 'another'))).mode & 0o777,
    ]);
    expect(await readdir(join(folder, 'a', 'b'))).toEqual(['file']);
  });

  test('takes the place of what an earlier run left in part, longer or not', async () => {
    await writeAtOnce(join(folder, 'file'), Buffer.from('first'), about());
    const [hash] = [Buffer.alloc(6, 7).toString('hex')];
    await writeFile(join(folder, `file.${hash}.part`), 'much longer than what is to come');
    await writeAtOnce(join(folder, 'file'), Buffer.from('new'), about());
    expect(await readFile(join(folder, 'file'), 'utf8')).toBe('new');
    expect(await readdir(folder)).toEqual(['file']);
  });

  test('that cannot take its name leaves nothing behind and says so', async () => {
    await mkdir(join(folder, 'file', 'inside'), { recursive: true });
    const writing = writeAtOnce(join(folder, 'file'), Buffer.from('x'), about());
    await expect(writing).rejects.toMatchObject({ code: 'get/unwritable' });
    expect(await readdir(folder)).toEqual(['file']);
    await writeFile(join(folder, 'plain'), '');
    const below = writeAtOnce(join(folder, 'plain', 'x'), Buffer.from('x'), about());
    await expect(below).rejects.toMatchObject({ code: 'get/unwritable' });
  });
});
