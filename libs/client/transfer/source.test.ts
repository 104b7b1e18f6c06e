import { appendFile, mkdtemp, rm, truncate, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { openSource } from './source.js';

let folder: string;
let path: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cairn-source-'));
});
afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});
beforeEach(async () => {
  path = join(folder, 'file');
  await writeFile(path, 'abcdefghij');
});

const changed = { code: 'source/changed', message: expect.stringContaining('Nothing was stored') };

describe('a file that is read once', () => {
  test('front to back, each part in memory of its own', async () => {
    const source = await openSource(path);
    const parts = [await source.read(4), await source.read(6)];
    expect(parts.map((part) => new TextDecoder().decode(part))).toEqual(['abcd', 'efghij']);
    for (const part of parts) expect(part.buffer.byteLength).toBe(part.byteLength);
    await source.assertUnchanged();
    await source.close();
  });

  test('goes on where its name is taken away: the bytes are still those that were opened', async () => {
    const source = await openSource(path);
    await rm(path);
    expect(await source.read(10)).toHaveLength(10);
    await source.assertUnchanged();
    await source.close();
  });

  test('shrinking in between is noticed while reading', async () => {
    const source = await openSource(path);
    await source.read(4);
    await truncate(path, 6);
    await expect(source.read(6)).rejects.toMatchObject(changed);
    await source.close();
  });

  test.each<[string, () => Promise<void>]>([
    ['growing', () => appendFile(path, 'k')],
    ['being written to', () => writeFile(path, '0123456789').then(() => utimes(path, 1, 1))],
  ])('%s is noticed at the end', async (_what, change) => {
    const source = await openSource(path);
    await source.read(10);
    await change();
    await expect(source.assertUnchanged()).rejects.toMatchObject(changed);
    await source.close();
  });

  test('what is not there, and what is no file, is refused by name', async () => {
    await expect(openSource(join(folder, 'none'))).rejects.toMatchObject({
      code: 'source/unreadable',
      message: expect.stringContaining(`none' cannot be read (ENOENT)`),
    });
    await expect(openSource(folder)).rejects.toMatchObject({ code: 'source/not-a-file' });
  });
});
