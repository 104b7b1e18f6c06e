import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { AppError } from '#errors';
import { lockDataFolder } from './data-folder-lock.js';
import { checkDataVersion } from './data-version.js';
import { type Child, spawnChild } from './spawn-child.js';

const failure = (promise: Promise<unknown>): Promise<AppError> =>
  promise.then(
    () => {
      throw new Error('it did not fail');
    },
    (error: AppError) => error,
  );

let folder: string;
let holder: Child | undefined;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cairn-data-folder-'));
});
afterEach(async () => {
  await holder?.kill();
  holder = undefined;
  await rm(folder, { recursive: true, force: true });
});

/** Starts another process that holds the folder. */
async function hold(data: string): Promise<Child> {
  const file = fileURLToPath(new URL('./testing/child-program.js', import.meta.url));
  holder = spawnChild({ name: 'holder', file, args: ['lock', data] });
  await holder.ready(10_000);
  return holder;
}

describe('lockDataFolder', () => {
  test('refuses a second process and names folder, holder and next step', async () => {
    const data = join(folder, 'new', 'data');
    const child = await hold(data);
    const error = await failure(lockDataFolder(data, 'second'));
    expect(error).toMatchObject({ code: 'data-folder/in-use', data: { folder: data, pid: child.pid } });
    expect(error.message).toBe(`The data folder ${data} is in use by process ${child.pid} (child-program).`);
    expect(error.next).toContain(`Stop process ${child.pid}`);
  });

  test('is free at once after kill -9 of its holder', async () => {
    const child = await hold(folder);
    await child.kill();
    const lock = await lockDataFolder(folder, 'second');
    await lock.release();
  });

  test('is free after a clean stop, and inside one process after release', async () => {
    const child = await hold(folder);
    await child.stop();
    const first = await lockDataFolder(folder, 'first');
    expect((await failure(lockDataFolder(folder, 'second'))).code).toBe('data-folder/in-use');
    await first.release();
    await first.release();
    await (await lockDataFolder(folder, 'third')).release();
  });

  test('explains a folder that is a file', async () => {
    const file = join(folder, 'file');
    await writeFile(file, '');
    expect(await failure(lockDataFolder(file, 'any'))).toMatchObject({
      code: 'data-folder/not-usable',
      data: { folder: file },
    });
  });
});

describe('checkDataVersion', () => {
  test('marks an unmarked folder and accepts it from then on', async () => {
    await checkDataVersion(folder, 4);
    await checkDataVersion(folder, 4);
    expect(JSON.parse(await readFile(join(folder, 'version.json'), 'utf8'))).toEqual({ protocolVersion: 4 });
  });

  test('refuses data of another version, naming both and --reset', async () => {
    await checkDataVersion(folder, 4);
    const error = await failure(checkDataVersion(folder, 5));
    expect(error.code).toBe('data-folder/other-version');
    expect(error.message).toContain('protocol version 4');
    expect(error.message).toContain('version 5');
    expect(error.next).toContain('--reset');
  });

  test.each(['', '{', 'null', '{"protocolVersion":"4"}', '{"protocolVersion":1.5}'])(
    'refuses a version file that holds %j',
    async (text) => {
      await mkdir(folder, { recursive: true });
      await writeFile(join(folder, 'version.json'), text);
      expect((await failure(checkDataVersion(folder, 4))).code).toBe('data-folder/version-unreadable');
    },
  );
});
