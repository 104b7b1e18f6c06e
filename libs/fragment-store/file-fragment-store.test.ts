import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmdirSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { blake3 } from '@noble/hashes/blake3.js';
import type { FragmentId } from '#chain';
import { AlignedMemory } from './aligned-memory.js';
import type { FileFragmentStore } from './file-fragment-store.js';
import { createFileFragmentStore, type FragmentStore } from './index.js';
import { fragmentStoreConformance } from './testing/index.js';

const idOf = (bytes: Uint8Array): FragmentId => Buffer.from(blake3(bytes)).toString('hex') as FragmentId;

let folder: string;
const opened: FragmentStore[] = [];
const open = async (capacityBytes: number): Promise<FragmentStore> => {
  const store = await createFileFragmentStore({ folder, capacityBytes });
  opened.push(store);
  return store;
};
afterEach(async () => {
  for (const store of opened.splice(0)) await store.close();
});

fragmentStoreConformance('a folder', {
  open: async (capacityBytes) => {
    folder = await mkdtemp(join(tmpdir(), 'cairn-fragments-'));
    return open(capacityBytes);
  },
  reopen: open,
  clean: () => rm(folder, { recursive: true, force: true }),
});

const TMPFS = (target: string) => ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', target];

/** A real full disk is a 1 MiB file system in memory; only root may make one, and not in every container. */
function canMount(): boolean {
  const target = mkdtempSync(join(tmpdir(), 'cairn-mount-'));
  const isMounted = spawnSync('mount', TMPFS(target)).status === 0;
  if (isMounted) spawnSync('umount', [target]);
  rmdirSync(target);
  return isMounted;
}

describe('the files of a fragment store', () => {
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'cairn-fragments-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  test('an upload from before the folder was opened anew never gets the bytes of a later one', async () => {
    const [first, second] = [Buffer.alloc(5_000, 1), Buffer.alloc(5_000, 2)];
    const stage = async (bytes: Uint8Array) => {
      const store = (await open(1 << 20)) as FileFragmentStore;
      const staged = await store.stage(idOf(bytes), bytes, bytes.length);
      if (!staged.ok) throw new Error(staged.violation.rule);
      return { store, staged: staged.value };
    };
    const before = await stage(first);
    const after = await stage(second);
    await expect(before.staged.commit()).rejects.toMatchObject({ code: 'fragment-store/failed' });
    await after.staged.commit();
    expect(await before.store.has(idOf(first))).toBe(false);
    expect((await after.store.read(idOf(second)))?.ok).toBe(true);
  });

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

  test('a file system that refuses is an error with a next step, and nothing is half-written', async () => {
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

  (canMount() ? test : test.skip)(
    'a full disk answers disk-full and loses nothing (needs the right to mount)',
    async () => {
      spawnSync('mount', TMPFS(folder));
      try {
        const store = await open(1 << 30);
        const [first, second] = [Buffer.alloc(600_000, 1), Buffer.alloc(600_000, 2)];
        expect((await store.put(idOf(first), first, first.length)).ok).toBe(true);
        const aligned = (new AlignedMemory(1 << 20).take(600_000) as Uint8Array).subarray(0, 146 * 4096);
        const inPieces = async function* () {
          yield second.subarray(0, 300_000);
          yield second.subarray(300_000);
        };
        for (const source of [second, inPieces(), aligned]) {
          const bytes = source instanceof Uint8Array ? source : second;
          const put = store.put(idOf(bytes), source, bytes.length);
          await expect(put).rejects.toMatchObject({ code: 'fragment-store/disk-full' });
        }
        expect(await readdir(join(folder, 'incoming'))).toEqual([]);
        expect(store.usedBytes()).toBe(600_000);
        expect((await store.read(idOf(first)))?.ok).toBe(true);
        await store.remove(idOf(first));
        expect((await store.put(idOf(second), second, second.length)).ok).toBe(true);
        for (const each of opened.splice(0)) await each.close();
      } finally {
        spawnSync('umount', [folder]);
      }
    },
  );
});
