import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { assertStorable, parseOptions } from './options.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cairn-options-'));
});
afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

describe('what npm start is asked for', () => {
  test('the program itself and a folder in the project, unless told otherwise', () => {
    expect(parseOptions([], '/project')).toMatchObject({
      file: process.execPath,
      dataDir: '/project/.cairn/devnet',
      providers: 8,
      once: false,
      reset: false,
    });
  });

  test.each([
    [['--providers', '0'], '--providers 0: expected a whole number from 1 to 64'],
    [['--epochs', 'many'], '--epochs many: expected a whole number'],
    [['--onec'], "Unknown option '--onec'"],
    [['file'], "Unexpected argument 'file'"],
  ])('%j is refused', (args, what) => {
    expect(() => parseOptions(args, '/project')).toThrow(
      expect.objectContaining({
        code: 'devnet/bad-option',
        message: expect.stringContaining(what),
        next: expect.stringContaining('--help'),
      }),
    );
  });

  test('a file that is not there or is a folder is refused, a file is not', async () => {
    const file = join(folder, 'file');
    await expect(assertStorable(file)).rejects.toMatchObject({
      code: 'devnet/no-file',
      message: expect.stringContaining('ENOENT'),
    });
    await expect(assertStorable(folder)).rejects.toMatchObject({
      code: 'devnet/no-file',
      message: expect.stringContaining('no plain file'),
    });
    await writeFile(file, 'x');
    await assertStorable(file);
  });
});
