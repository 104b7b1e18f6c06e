import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { blake3 } from '@noble/hashes/blake3.js';
import type { FragmentId } from '#chain';
import { createFileFragmentStore } from './index.js';
import { fragmentStoreConformance } from './testing/index.js';

const idOf = (bytes: Uint8Array): FragmentId => Buffer.from(blake3(bytes)).toString('hex') as FragmentId;

let folder: string;
const open = (capacityBytes: number) => createFileFragmentStore({ folder, capacityBytes });

fragmentStoreConformance('a folder', {
  open: async (capacityBytes) => {
    folder = await mkdtemp(join(tmpdir(), 'cairn-fragments-'));
    return open(capacityBytes);
  },
  reopen: open,
  clean: () => rm(folder, { recursive: true, force: true }),
});

describe('the files of a fragment store', () => {
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'cairn-fragments-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  const pathOf = (id: FragmentId) => join(folder, id.slice(0, 2), id);

  test('a fragment is a plain file that b3sum agrees with', async () => {
    const store = await open(1 << 20);
    const bytes = Buffer.from('anything at all');
    await store.put(idOf(bytes), bytes, bytes.length);
    const child = spawn('b3sum', ['--no-names', pathOf(idOf(bytes))]);
    const [printed] = (await once(child.stdout, 'data')) as [Buffer];
    expect(printed.toString().trim()).toBe(idOf(bytes));
  });

  test('a flipped bit and a cut file are found on read, and healed by another put', async () => {
    const store = await open(1 << 20);
    const bytes = Buffer.alloc(50_000, 7);
    const id = idOf(bytes);
    for (const damage of [
      (file: Buffer) => Buffer.concat([Buffer.of(file[0]! ^ 1), file.subarray(1)]),
      (file: Buffer) => file.subarray(0, 49_000),
    ]) {
      await store.put(id, bytes, bytes.length);
      await writeFile(pathOf(id), damage(await readFile(pathOf(id))));
      expect(await store.read(id)).toMatchObject({ ok: false, violation: { rule: 'fragment/corrupt', id } });
      await store.put(id, bytes, bytes.length);
      expect((await store.read(id))?.ok).toBe(true);
    }
  });

  test('what an unfinished upload left behind is gone after a start', async () => {
    await open(1 << 20);
    await writeFile(join(folder, 'incoming', '17'), Buffer.alloc(1000));
    const store = await open(1 << 20);
    expect(await readdir(join(folder, 'incoming'))).toEqual([]);
    expect(store.usedBytes()).toBe(0);
  });

  test('a full disk is an error with a next step and leaves nothing half-written', async () => {
    // /dev/full refuses every write with ENOSPC, as a full disk does.
    const store = await open(1 << 20);
    const bytes = Buffer.alloc(70_000, 1);
    await rm(join(folder, 'incoming'), { recursive: true });
    await symlink('/nowhere-at-all', join(folder, 'incoming'));
    await expect(store.put(idOf(bytes), bytes, bytes.length)).rejects.toMatchObject({
      code: 'fragment-store/failed',
    });
    expect(await store.has(idOf(bytes))).toBe(false);
    expect(store.usedBytes()).toBe(0);
  });
});
