import { execFileSync } from 'node:child_process';
import { appendFile, chmod, mkdtemp, rm, truncate, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { openSource, readEarly, type SourceFile } from './source.js';

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

  test('holes of a sparse file are zeros, also beyond 2^32 bytes', async () => {
    const sizeBytes = 2 ** 32 + 1_000;
    await truncate(path, sizeBytes);
    const source = await openSource(path);
    expect(source.sizeBytes).toBe(sizeBytes);
    const first = await source.read(70_000);
    expect(new TextDecoder().decode(first.subarray(0, 10))).toBe('abcdefghij');
    expect(first.subarray(10).every((byte) => byte === 0)).toBe(true);
    await source.close();
  });

  test('a named pipe that nobody writes to is refused and not waited for', async () => {
    const pipe = join(folder, 'pipe');
    execFileSync('mkfifo', [pipe]);
    await expect(openSource(pipe)).rejects.toMatchObject({ code: 'source/not-a-file' });
  });

  test('what may not be read is refused as that', async () => {
    const isRoot = process.getuid?.() === 0;
    await chmod(folder, 0o755);
    await chmod(path, 0o000);
    if (isRoot) process.seteuid?.(65_534);
    try {
      await expect(openSource(path)).rejects.toMatchObject({
        code: 'source/not-permitted',
        message: expect.stringContaining('EACCES'),
      });
    } finally {
      if (isRoot) process.seteuid?.(0);
      await chmod(path, 0o600);
    }
  });

  test('what is not there, and what is no file, is refused by name', async () => {
    await expect(openSource(join(folder, 'none'))).rejects.toMatchObject({
      code: 'source/unreadable',
      message: expect.stringContaining(`none' cannot be read (ENOENT)`),
    });
    await expect(openSource(folder)).rejects.toMatchObject({ code: 'source/not-a-file' });
  });
});

describe('a source whose first bytes are read early', () => {
  /** Memory that was given out, in order. */
  const given: Uint8Array[] = [];
  let isAsked = false;
  const counting = (source: SourceFile): SourceFile => ({
    ...source,
    read: async (lengthBytes) => {
      isAsked = true;
      const bytes = await source.read(lengthBytes);
      given.push(bytes);
      return bytes;
    },
  });
  beforeEach(() => {
    given.length = 0;
    isAsked = false;
  });

  test('asks before it is asked, and gives the same bytes in order', async () => {
    const source = counting(await openSource(path));
    const early = readEarly(source, 4);
    expect([isAsked, early.sizeBytes]).toEqual([true, 10]);
    const parts = [await early.read(4), await early.read(3), await early.read(3)];
    expect(parts.map((part) => new TextDecoder().decode(part))).toEqual(['abcd', 'efg', 'hij']);
    // They are somebody's by now.
    await early.drop();
    expect(parts.map((part) => part.length)).toEqual([4, 3, 3]);
    await source.close();
  });

  test('gives the memory back that nobody asked for, and is silent where the reading failed', async () => {
    const source = counting(await openSource(path));
    await readEarly(source, 4).drop();
    expect(given.map((part) => part.length)).toEqual([0]);
    await truncate(path, 0);
    const failing = readEarly(source, 6);
    await failing.drop();
    const told = readEarly(source, 6);
    await expect(told.read(6)).rejects.toMatchObject({ code: 'source/changed' });
    await source.close();
  });
});
