import { randomBytes } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from '@jest/globals';
import { blake3 } from '@noble/hashes/blake3.js';
import type { FragmentId } from '#chain';
import { createFileFragmentStore } from '../index.js';
import { fragmentStoreConformance, TestVolumes } from '../testing/index.js';

const MIB = 2 ** 20;
const idOf = (bytes: Uint8Array): FragmentId => Buffer.from(blake3(bytes)).toString('hex') as FragmentId;

let volumes: TestVolumes;
const opened: TestVolumes[] = [];
const open = async (options: Parameters<typeof TestVolumes.open>[0]): Promise<TestVolumes> => {
  volumes = await TestVolumes.open(options);
  opened.push(volumes);
  return volumes;
};
const reopen = async (changes: Parameters<TestVolumes['reopen']>[0] = {}): Promise<TestVolumes> => {
  await volumes.close();
  volumes = await volumes.reopen(changes);
  opened.push(volumes);
  return volumes;
};
afterEach(async () => {
  const all = opened.splice(0);
  for (const each of all) await each.close();
  for (const each of all) await each.clean();
});

async function until(what: string, isDone: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 20_000;
  while (!(await isDone())) {
    if (Date.now() > deadline) throw new Error(`waited in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** Stores fragments of a length; answers their ids. */
async function fill(count: number, lengthBytes = 10_000): Promise<FragmentId[]> {
  const all = Array.from({ length: count }, () => randomBytes(lengthBytes));
  await Promise.all(all.map((bytes) => volumes.set.put(idOf(bytes), bytes, bytes.length)));
  return all.map(idOf);
}

const pathsOf = (id: FragmentId): string[] =>
  volumes.set.registry.holders(id).map(({ entry }) => join(entry.path, id.slice(0, 2), id));
const view = (at: number) => volumes.admin.list()[at]!;

fragmentStoreConformance('volumes of 5 and 3 MiB', {
  open: async () => {
    volumes = await TestVolumes.open({ capacities: [5 * MIB, 3 * MIB] });
    return volumes.set;
  },
  reopen: async () => (await TestVolumes.open({ ...volumes.options, dataDir: volumes.dataDir })).set,
  clean: () => volumes.clean(),
});
fragmentStoreConformance('beside a volume that is emptied and one that is only read', {
  open: async () => {
    volumes = await TestVolumes.open({ capacities: [20 * MIB, 20 * MIB, 8 * MIB] });
    await volumes.admin.setMode(view(0).id, 'draining');
    await volumes.admin.setMode(view(1).id, 'read-only');
    return volumes.set;
  },
  reopen: async () => (await TestVolumes.open({ ...volumes.options, dataDir: volumes.dataDir })).set,
  clean: () => volumes.clean(),
});

describe('several volumes', () => {
  test('a volume to which something was on its way is not removed as an empty one', async () => {
    await open({ capacities: [8 * MIB, 8 * MIB] });
    const bytes = randomBytes(50_000);
    let arrive: () => void = () => undefined;
    const rest = new Promise<void>((resolve) => {
      arrive = resolve;
    });
    const source = async function* (): AsyncGenerator<Uint8Array> {
      yield bytes.subarray(0, 10_000);
      await rest;
      yield bytes.subarray(10_000);
    };
    const putting = volumes.set.put(idOf(bytes), source(), bytes.length);
    const target = volumes.set.registry.volumes.find(({ store }) => (store?.incomingBytes() ?? 0) > 0)!;
    const removing = volumes.admin.remove(target.id);
    removing.catch(() => undefined);
    await until('nothing new to be put there', () => target.entry.mode === 'read-only');
    arrive();
    expect((await putting).ok).toBe(true);
    await expect(removing).rejects.toMatchObject({ code: 'volume/not-empty' });
    expect(target.entry.mode).toBe('active');
    expect((await volumes.set.read(idOf(bytes)))?.ok).toBe(true);
  });

  test('a folder that is named twice is one volume, and keeps what is in it', async () => {
    await open({ capacities: [8 * MIB] });
    const folder = join(volumes.dataDir, 'old');
    const link = join(volumes.dataDir, 'link');
    await mkdir(folder);
    await symlink(folder, link);
    const old = await createFileFragmentStore({ folder, capacityBytes: 8 * MIB });
    const bytes = randomBytes(50_000);
    await old.put(idOf(bytes), bytes, bytes.length);
    await old.close();
    await reopen({ capacities: [8 * MIB, 8 * MIB, 8 * MIB], paths: [folder, link] });
    expect(volumes.admin.list().map(({ state }) => state)).toEqual(['active', 'active', 'offline']);
    expect(view(2).why).toContain('another volume');
    expect((await volumes.set.read(idOf(bytes)))?.ok).toBe(true);
  });

  test('a volume that was added with its marker is away, not new, when its disk is', async () => {
    await open({ capacities: [8 * MIB, 8 * MIB] });
    await fill(20);
    const { id, path, fragments } = view(1);
    expect(fragments).toBeGreaterThan(0);
    await volumes.admin.remove(id, true);
    await volumes.admin.add({ path, capacityBytes: 8 * MIB });
    expect(view(1)).toMatchObject({ id, fragments, state: 'active' });
    await rename(path, `${path}-unplugged`);
    await mkdir(path);
    await volumes.set.registry.look();
    expect(view(1)).toMatchObject({ id, fragments, state: 'offline' });
    expect(await readdir(path)).toEqual([]);
  });

  test('a data folder that was moved as a whole has its volumes', async () => {
    await open({ capacities: [8 * MIB, 8 * MIB] });
    const ids = await fill(20);
    const before = volumes.admin.list().map(({ id, fragments }) => [id, fragments]);
    await volumes.close();
    const dataDir = `${volumes.dataDir}-elsewhere`;
    await rename(volumes.dataDir, dataDir);
    await open({ capacities: [8 * MIB, 8 * MIB], dataDir });
    expect(volumes.admin.list().map(({ id, fragments }) => [id, fragments])).toEqual(before);
    for (const id of ids) expect((await volumes.set.read(id))?.ok).toBe(true);
  });

  test('a list of volumes that cannot be written ends no pass', async () => {
    await open({ capacities: [8 * MIB] });
    await fill(2);
    const inTheWay = join(volumes.dataDir, 'volumes.json.new');
    await mkdir(inTheWay);
    const pass = volumes.scrubs.verify(volumes.set.registry.volumes[0]!);
    await expect(pass).resolves.toMatchObject({ fragments: 2 });
    await rm(inTheWay, { recursive: true });
  });

  test('a folder from before there were volumes is taken as it is', async () => {
    await open({ capacities: [8 * MIB] });
    await volumes.close();
    const folder = join(volumes.dataDir, 'fragments');
    await rm(folder, { recursive: true });
    await rm(join(volumes.dataDir, 'volumes.json'));
    const old = await createFileFragmentStore({ folder, capacityBytes: 8 * MIB });
    const bytes = randomBytes(50_000);
    await old.put(idOf(bytes), bytes, bytes.length);
    await old.close();
    await writeFile(join(folder, 'VOLUME'), 'The fragments of a Cairn provider. Do not remove this file.\n');
    await reopen({ isExpectedEmpty: false });
    expect(view(0)).toMatchObject({ state: 'active', fragments: 1, usedBytes: 50_000, path: folder });
    expect((await volumes.set.read(idOf(bytes)))?.ok).toBe(true);
    expect(await readFile(join(folder, 'VOLUME'), 'utf8')).toContain(`volume ${view(0).id}\n`);
  });

  test('new fragments go where the largest share is free', async () => {
    await open({ capacities: [4 * MIB, 12 * MIB] });
    await fill(160, 40_000);
    const [first, second] = [view(0), view(1)];
    expect(first.fragments + second.fragments).toBe(160);
    const share = (v: typeof first) => v.allocatedBytes / v.capacityBytes;
    expect(Math.abs(share(first) - share(second))).toBeLessThan(0.02);
  });

  test('what counts is what the disk gives: whole blocks', async () => {
    await open({ capacities: [1 * MIB] });
    await fill(200, 100);
    expect(view(0)).toMatchObject({ usedBytes: 20_000, allocatedBytes: 200 * 4096 });
    await expect(fill(57, 100)).rejects.toMatchObject({ code: 'fragment-store/full' });
    expect(view(0).allocatedBytes).toBeLessThanOrEqual(MIB);
  });

  test('draining moves everything, also after a restart in the middle, and nobody misses a read meanwhile', async () => {
    await open({ capacities: [8 * MIB, 8 * MIB], moveBytesPerSecond: 1.5 * MIB });
    const ids = await fill(100, 20_000);
    const { id, fragments } = view(0);
    expect(fragments).toBeGreaterThan(30);
    await volumes.admin.setMode(id, 'draining');
    const readAll = async () => {
      for (const each of ids) expect((await volumes.set.read(each))?.ok).toBe(true);
    };
    await until('a part to have moved', async () => {
      await readAll();
      return view(0).fragments < fragments - 10;
    });
    expect(view(0).fragments).toBeGreaterThan(0);
    expect(view(0)).toMatchObject({ state: 'draining', move: { problem: null } });
    await reopen({ moveBytesPerSecond: 2 ** 30 });
    await until('the volume to be empty', async () => {
      await readAll();
      return view(0).fragments === 0;
    });
    expect(view(1)).toMatchObject({ fragments: 100, usedBytes: 2_000_000 });
    expect(volumes.damage).toEqual([]);
    const removed = await volumes.admin.remove(id);
    expect(removed.fragments).toBe(0);
    await reopen();
    expect(volumes.admin.list().map((each) => each.state)).toEqual(['active']);
    await readAll();
  });

  test('what a crash left on two volumes stays on one, the sound one', async () => {
    await open({ capacities: [8 * MIB, 8 * MIB] });
    const [sound, rotten] = (await fill(2)) as [FragmentId, FragmentId];
    const twinOf = (id: FragmentId) => {
      const here = pathsOf(id)[0]!;
      const there = volumes.admin.list().find(({ path }) => !here.startsWith(`${path}/`))!.path;
      return { here, there: join(there, id.slice(0, 2), id) };
    };
    const twins = [twinOf(sound), twinOf(rotten)];
    await volumes.close();
    for (const { here, there } of twins) await writeFile(there, await readFile(here));
    for (const name of ['fragments', 'volume-1']) {
      const path = join(volumes.dataDir, name, rotten.slice(0, 2), rotten);
      if (name === 'fragments') await writeFile(path, 'rot');
    }
    await reopen();
    await until('one copy each', () => pathsOf(sound).length === 1 && pathsOf(rotten).length === 1);
    for (const id of [sound, rotten]) expect((await volumes.set.read(id))?.ok).toBe(true);
    expect(volumes.set.usedBytes()).toBe(20_000);
  });

  test('a smaller capacity moves what is too much, and is refused where nobody has room for it', async () => {
    await open({ capacities: [8 * MIB, 8 * MIB] });
    const ids = await fill(100, 65_536);
    const { id } = view(0);
    await volumes.admin.resize(id, 2 * MIB);
    await until('the surplus to be gone', () => view(0).allocatedBytes <= 2 * MIB);
    expect(view(0).allocatedBytes).toBeGreaterThan(1.8 * MIB);
    for (const each of ids) expect((await volumes.set.read(each))?.ok).toBe(true);
    await expect(volumes.admin.resize(view(1).id, 1 * MIB)).rejects.toMatchObject({
      code: 'volume/no-room',
      data: { roomBytes: expect.any(Number) },
    });
    await expect(volumes.admin.setMode(view(1).id, 'draining')).rejects.toMatchObject({
      code: 'volume/no-room',
    });
    expect(volumes.set.capacityBytes()).toBe(10 * MIB);
    await reopen();
    expect(view(0).capacityBytes).toBe(2 * MIB);
  });

  test('only an empty volume is removed, unless the loss is accepted; adding it brings everything back', async () => {
    await open({ capacities: [8 * MIB, 8 * MIB] });
    const ids = await fill(20);
    const { id, path, fragments, usedBytes } = view(1);
    await expect(volumes.admin.remove(id)).rejects.toMatchObject({
      code: 'volume/not-empty',
      data: { fragments, usedBytes },
    });
    await volumes.admin.remove(id.slice(0, 8), true);
    await expect(volumes.admin.remove(view(0).id, true)).rejects.toMatchObject({ code: 'volume/last' });
    const has = () => Promise.all(ids.map((each) => volumes.set.has(each)));
    expect((await has()).filter(Boolean)).toHaveLength(20 - fragments);
    await reopen();
    // The settings still name it; the operator has removed it.
    expect(volumes.admin.list()).toHaveLength(1);
    const added = await volumes.admin.add({ path, capacityBytes: 8 * MIB });
    expect(added).toMatchObject({ id, state: 'active', fragments });
    expect((await has()).every(Boolean)).toBe(true);
  });

  test('folders that are none, lie in each other or belong to another provider are refused', async () => {
    await open({ capacities: [8 * MIB] });
    const add = (path: string, capacityBytes = 8 * MIB) => volumes.admin.add({ path, capacityBytes });
    await expect(add('relative')).rejects.toMatchObject({ code: 'volume/path' });
    await expect(add(join(volumes.dataDir, 'nowhere'))).rejects.toMatchObject({ code: 'volume/path' });
    await expect(add(join(volumes.dataDir, 'volumes.json'))).rejects.toMatchObject({ code: 'volume/path' });
    await expect(add(join(volumes.dataDir, 'fragments'))).rejects.toMatchObject({ code: 'volume/known' });
    await expect(add(join(volumes.dataDir, 'fragments', 'aa'))).rejects.toMatchObject({
      code: 'volume/nested',
    });
    await expect(add(volumes.dataDir)).rejects.toMatchObject({ code: 'volume/nested' });
    const other = join(volumes.dataDir, 'other');
    await mkdir(other);
    await expect(add(other, 5)).rejects.toMatchObject({ code: 'volume/capacity' });
    await writeFile(join(other, 'VOLUME'), `volume ${'ab'.repeat(16)}\nprovider ${'cd'.repeat(32)}\n`);
    await expect(add(other)).rejects.toMatchObject({ code: 'volume/other-provider' });
    expect(() => volumes.admin.find('abcd')).toThrow(expect.objectContaining({ code: 'volume/unknown' }));
  });

  test('a disk that goes away is waited for: its fragments are neither here nor lost, and the others go on', async () => {
    await open({ capacities: [8 * MIB, 8 * MIB] });
    const ids = await fill(20);
    const { path } = view(1);
    const there = ids.filter((id) => pathsOf(id)[0]!.startsWith(path));
    await rename(path, `${path}.away`);
    await mkdir(path);
    for (const id of ids) {
      if (there.includes(id)) {
        await expect(volumes.set.read(id)).rejects.toMatchObject({ code: 'disk/not-mounted' });
        expect([await volumes.set.has(id), volumes.set.isAway(id)]).toEqual([false, true]);
      } else expect((await volumes.set.read(id))?.ok).toBe(true);
    }
    expect(view(1)).toMatchObject({ state: 'offline', why: expect.stringContaining('is not mounted at') });
    expect(volumes.set.capacityBytes()).toBe(8 * MIB + view(1).usedBytes);
    expect(await readdir(path)).toEqual([]);
    const [healed] = there as [FragmentId];
    const bytes = await readFile(join(`${path}.away`, healed.slice(0, 2), healed));
    expect((await volumes.set.put(healed, bytes, bytes.length)).ok).toBe(true);
    await reopen();
    // Started without the disk: what nobody knows of may be on it.
    await expect(volumes.set.read(there[1]!)).rejects.toMatchObject({ code: 'disk/not-mounted' });
    expect(volumes.set.isAway('ee'.repeat(32) as FragmentId)).toBe(true);
    await rm(path, { recursive: true });
    await rename(`${path}.away`, path);
    await volumes.set.registry.look();
    for (const id of ids) expect((await volumes.set.read(id))?.ok).toBe(true);
    await until('one copy', () => pathsOf(healed).length === 1);
    expect(volumes.damage).toEqual([]);
    expect(volumes.set.usedBytes()).toBe(200_000);
  });

  test('errors of a disk are counted, after some nothing more is written to it; real EIO, real ELOOP', async () => {
    await open({ capacities: [8 * MIB, 8 * MIB], maxDiskErrors: 3 });
    const ids = await fill(20);
    const bad = ids.filter((id) => pathsOf(id)[0]!.startsWith(view(1).path)).slice(0, 3);
    const [first, second, third] = bad.map((id) => pathsOf(id)[0]!) as [string, string, string];
    for (const path of [first, second, third]) await rm(path);
    // Nothing is mapped at address 0: the kernel answers a read there with EIO.
    await symlink('/proc/self/mem', first);
    await symlink(second, second);
    await symlink('/proc/self/mem', third);
    await expect(volumes.set.read(bad[0]!)).rejects.toMatchObject({ cause: { code: 'EIO' } });
    await expect(volumes.set.read(bad[1]!)).rejects.toMatchObject({ cause: { code: 'ELOOP' } });
    expect(view(1)).toMatchObject({ state: 'active', diskErrors: 2, unreadable: 2 });
    const { last } = (await volumes.admin.verify(view(1).id)).scrub;
    expect(last).toBeNull();
    await until('the pass', () => view(1).scrub.last !== null);
    expect(view(1)).toMatchObject({
      state: 'read-only',
      why: expect.stringMatching(/EIO|ELOOP/),
      scrub: { running: null, last: { fragments: view(1).fragments, unreadable: 3, rotten: 0, lost: 0 } },
    });
    expect(volumes.damage.map(([id, kind]) => [bad.includes(id), kind])).toEqual(
      Array(3).fill([true, 'unreadable']),
    );
    await reopen();
    expect(view(1)).toMatchObject({ state: 'read-only', why: expect.stringMatching(/EIO|ELOOP/) });
    const before = view(1).fragments;
    await fill(5);
    expect(view(1).fragments).toBe(before);
    await volumes.admin.setMode(view(1).id, 'active');
    expect(view(1)).toMatchObject({ state: 'active', why: null, diskErrors: 0 });
  });

  test('a pass finds what has rotted and what is gone, counts them, and a new upload heals them', async () => {
    await open({ capacities: [8 * MIB] });
    const ids = await fill(10);
    const [rotten, gone] = ids as [FragmentId, FragmentId];
    const bytes = await readFile(pathsOf(rotten)[0]!);
    await writeFile(pathsOf(rotten)[0]!, bytes.subarray(1));
    await rm(pathsOf(gone)[0]!);
    await volumes.admin.verify(view(0).id);
    await until('the pass', () => view(0).scrub.last !== null);
    expect(view(0).scrub.last).toMatchObject({
      fragments: 10,
      bytes: 100_000,
      rotten: 1,
      lost: 1,
      unreadable: 0,
    });
    expect(view(0)).toMatchObject({ rotten: 1, lost: 1, fragments: 9 });
    expect(volumes.damage).toEqual(
      expect.arrayContaining([
        [rotten, 'rotten'],
        [gone, 'lost'],
      ]),
    );
    await volumes.set.put(rotten, bytes, bytes.length);
    expect(view(0)).toMatchObject({ rotten: 0, lost: 1 });
  });

  test('a start reads names, not files; what the snapshot does not know is looked at', async () => {
    await open({ capacities: [8 * MIB] });
    const ids = await fill(50);
    const extra = randomBytes(777);
    const [gone] = ids as [FragmentId];
    const place = pathsOf(gone)[0]!;
    await volumes.close();
    await rm(place);
    await writeFile(join(view(0).path, idOf(extra).slice(0, 2), idOf(extra)), extra);
    await reopen();
    expect(view(0)).toMatchObject({ fragments: 50, usedBytes: 49 * 10_000 + 777 });
    await volumes.close();
    const snapshot = join(view(0).path, 'INDEX');
    const file = await readFile(snapshot);
    file[100]! ^= 1;
    await writeFile(snapshot, file);
    await reopen();
    expect(view(0)).toMatchObject({ fragments: 50, usedBytes: 49 * 10_000 + 777 });
    expect((await volumes.set.read(idOf(extra)))?.ok).toBe(true);
  });
});
