import { spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmdirSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { blake3 } from '@noble/hashes/blake3.js';
import type { FragmentId } from '#chain';
import { TestVolumes } from '../testing/index.js';

const MIB = 2 ** 20;
const idOf = (bytes: Uint8Array): FragmentId => Buffer.from(blake3(bytes)).toString('hex') as FragmentId;

let folder: string;
let volumes: TestVolumes | undefined;
const mounts: string[] = [];
beforeEach(async () => {
  folder = await mkdtemp(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'cairn-disks-'));
});
afterEach(async () => {
  await volumes?.close();
  volumes = undefined;
  for (const path of mounts.splice(0).reverse()) spawnSync('umount', ['-l', path]);
  await rm(folder, { recursive: true, force: true });
});

async function until(what: string, isDone: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 20_000;
  while (!(await isDone())) {
    if (Date.now() > deadline) throw new Error(`waited in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

function mount(...words: string[]): boolean {
  const isMounted = spawnSync('mount', words).status === 0;
  if (isMounted) mounts.push(words[words.length - 1] as string);
  return isMounted;
}

/** Only root may mount, and not in every container. */
function canMount(): boolean {
  const target = mkdtempSync(join(tmpdir(), 'cairn-mount-'));
  const isMounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', target]).status === 0;
  if (isMounted) spawnSync('umount', [target]);
  rmdirSync(target);
  return isMounted;
}
const whereMountable = canMount() ? describe : describe.skip;

async function fill(count: number, lengthBytes: number): Promise<FragmentId[]> {
  const all = Array.from({ length: count }, () => randomBytes(lengthBytes));
  for (const bytes of all) await volumes?.set.put(idOf(bytes), bytes, bytes.length);
  return all.map(idOf);
}

whereMountable('real disks (needs the right to mount)', () => {
  test('a small disk is never filled to the brim; one that others fill is left alone after its first error', async () => {
    const disk = join(folder, 'disk');
    await mkdir(disk);
    mount('-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', disk);
    volumes = await TestVolumes.open({ dataDir: folder, capacities: [8 * MIB, 32 * MIB], paths: [disk] });
    const { admin, set } = volumes;
    expect(set.capacityBytes()).toBeLessThanOrEqual(8 * MIB + 4 * MIB);
    const ids = await fill(40, 100_000);
    expect(admin.list()[1]).toMatchObject({ fragments: expect.any(Number), state: 'active' });
    // Another program takes what was left.
    await set.registry.look();
    expect(admin.list()[1]!.diskFreeBytes).toBeGreaterThan(200_000);
    await writeFile(join(disk, 'foreign'), Buffer.alloc(admin.list()[1]!.diskFreeBytes! - 50_000));
    const results = [];
    for (let at = 0; at < 20; at++) {
      const bytes = randomBytes(100_000);
      const put = set.put(idOf(bytes), bytes, bytes.length);
      results.push(await put.then(() => 'stored').catch((error: { code: string }) => error.code));
    }
    expect(results.filter((result) => result === 'fragment-store/disk-full')).toHaveLength(1);
    expect(results.filter((result) => result === 'stored')).toHaveLength(19);
    expect(await readdir(join(disk, 'incoming'))).toEqual([]);
    for (const id of ids) expect((await set.read(id))?.ok).toBe(true);
    await rm(join(disk, 'foreign'));
    await set.registry.look();
    expect(set.registry.volumes[1]!.placeBytes).toBeGreaterThan(100_000);
  });

  test('a disk far smaller than the capacity is offered for what it has, also after it was full', async () => {
    const disk = join(folder, 'disk');
    await mkdir(disk);
    mount('-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', disk);
    volumes = await TestVolumes.open({ dataDir: folder, capacities: [MIB, 1024 * MIB], paths: [disk] });
    const { set } = volumes;
    const offered = () => set.capacityBytes() - MIB;
    expect(offered()).toBeGreaterThan(3 * MIB);
    expect(offered()).toBeLessThanOrEqual(4 * MIB);
    const free = set.registry.volumes[1]!.diskFreeBytes as number;
    await writeFile(join(disk, 'foreign'), Buffer.alloc(free - 20_000));
    await set.registry.look();
    expect(offered()).toBe(0);
    await rm(join(disk, 'foreign'));
    await set.registry.look();
    expect(offered()).toBeGreaterThan(3 * MIB);
  });

  test('two volumes on one disk share what is free there', async () => {
    const disk = join(folder, 'disk');
    await mkdir(disk);
    mount('-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', disk);
    const paths = [join(disk, 'a'), join(disk, 'b')];
    volumes = await TestVolumes.open({ dataDir: folder, capacities: [MIB, 8 * MIB, 8 * MIB], paths });
    expect(volumes.set.roomBytes()).toBeGreaterThan(3 * MIB);
    expect(volumes.set.roomBytes()).toBeLessThanOrEqual(5 * MIB);
  });

  test('a disk that is pulled while fragments are read and written comes back with all of them', async () => {
    const [disk, place] = [join(folder, 'disk'), join(folder, 'place')];
    await mkdir(disk);
    await mkdir(place);
    mount('-t', 'tmpfs', '-o', 'size=16m', 'tmpfs', disk);
    mount('--bind', disk, place);
    volumes = await TestVolumes.open({ dataDir: folder, capacities: [16 * MIB, 16 * MIB], paths: [place] });
    const { admin, set } = volumes;
    const ids = await fill(60, 30_000);
    const there = ids.filter((id) => set.registry.holders(id)[0]?.entry.path === place);
    expect(there.length).toBeGreaterThan(20);
    const stored: FragmentId[] = [];
    let isPulled = false;
    const work = async (): Promise<void> => {
      for (let at = 0; at < 80; at++) {
        if (at === 20) {
          spawnSync('umount', ['-l', place]);
          isPulled = true;
        }
        const bytes = randomBytes(30_000);
        await set.put(idOf(bytes), bytes, bytes.length).then(
          () => stored.push(idOf(bytes)),
          (error: { code: string }) => expect(error.code).toMatch(/^(disk\/not-mounted|fragment-store\/)/),
        );
        const id = ids[at % ids.length]!;
        const read = await set.read(id).catch((error: { code: string }) => error.code);
        const isAway = isPulled && there.includes(id);
        if (isAway) expect(read).toBe('disk/not-mounted');
        else expect(read).toMatchObject({ ok: true });
      }
    };
    await work();
    expect(admin.list()[1]).toMatchObject({ state: 'offline', diskFreeBytes: null });
    expect(await readdir(place)).toEqual([]);
    expect(stored.length).toBeGreaterThan(75);
    mount('--bind', disk, place);
    await set.registry.look();
    expect(admin.list()[1]).toMatchObject({ state: 'active', why: null });
    for (const id of [...ids, ...stored]) expect((await set.read(id))?.ok).toBe(true);
    expect(volumes.damage).toEqual([]);
  });
});

describe('kill -9', () => {
  test('in the middle of moving, again and again: every fragment is whole somewhere at every moment', async () => {
    const capacities: [number, number] = [2 ** 26, 2 ** 26];
    volumes = await TestVolumes.open({ dataDir: folder, capacities });
    const [first, second] = volumes.admin.list();
    await volumes.admin.setMode(second!.id, 'read-only');
    const ids = await fill(150, 20_000);
    await volumes.admin.setMode(second!.id, 'active');
    await volumes.close();
    const isWhole = async (path: string, id: FragmentId): Promise<boolean> => {
      const file = await readFile(join(path, id.slice(0, 2), id)).catch(() => undefined);
      return file !== undefined && idOf(file) === id;
    };
    const moved = async (): Promise<number> => {
      const names = await Promise.all(ids.map((id) => existsSync(join(second!.path, id.slice(0, 2), id))));
      return names.filter(Boolean).length;
    };
    for (const least of [20, 60, 100]) {
      const script = fileURLToPath(new URL('../testing/drain-process.js', import.meta.url));
      const child = spawn(process.execPath, [script, folder, String(3 * MIB)], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      await until(`${least} to have moved`, async () => (await moved()) >= least);
      child.kill('SIGKILL');
      await once(child, 'exit');
      for (const id of ids) {
        const copies = [await isWhole(first!.path, id), await isWhole(second!.path, id)];
        expect([id, copies.some(Boolean)]).toEqual([id, true]);
      }
    }
    expect(await moved()).toBeLessThan(150);
    volumes = await TestVolumes.open({ dataDir: folder, capacities });
    expect(volumes.admin.list()[0]).toMatchObject({ state: 'draining' });
    await until('the volume to be empty', () => volumes?.admin.list()[0]?.fragments === 0);
    for (const id of ids) expect((await volumes.set.read(id))?.ok).toBe(true);
    expect(volumes.set.usedBytes()).toBe(150 * 20_000);
    expect(volumes.damage).toEqual([]);
  });
});
