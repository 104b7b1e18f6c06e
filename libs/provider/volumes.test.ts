import { mkdir, mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { blake3 } from '@noble/hashes/blake3.js';
import type { FragmentId } from '#chain';
import { addVolume, changeVolume, fetchProviderStatus, fetchVolumes } from './index.js';
import { MarketStage, sampleFragments } from './testing/index.js';
import { until } from './testing/until.js';

const MIB = 2 ** 20;

let stage: MarketStage;
let disks: string;
beforeEach(async () => {
  disks = await mkdtemp(join(tmpdir(), 'cairn-disks-'));
});
afterEach(async () => {
  await stage?.close();
  await rm(disks, { recursive: true, force: true });
});

const provider = () => stage.provider.provider;
const url = () => stage.provider.url;

/** A provider with three volumes of 64 MiB. */
async function open(limits: Parameters<typeof MarketStage.open>[0] = {}): Promise<void> {
  const paths = [join(disks, 'one'), join(disks, 'two')];
  for (const path of paths) await mkdir(path);
  stage = await MarketStage.open({
    terms: { capacityBytes: 64 * MIB },
    volumes: paths.map((path) => ({ path, capacityBytes: 64 * MIB })),
    ...limits,
  });
}

async function formContract(fragments: ReturnType<typeof sampleFragments>, epochs = 3): Promise<void> {
  const { client, ledger, wallet } = stage;
  expect((await client.reserve({ epochs })).status).toBe(200);
  for (const fragment of fragments) expect((await client.put(fragment)).status).toBe(201);
  const terms = { formBy: ledger.height + 20, payout: provider().context.account, epochs };
  const agreement = client.agreement(await stage.offer(), fragments, terms);
  const agreed = await client.propose(agreement, fragments);
  await ledger.send(wallet, { kind: 'form', body: client.formBody(agreement, fragments, agreed) });
  await stage.mine();
  await stage.mineUntil('the form to be seen', async () => {
    return provider().context.records.contract(client.contract)?.state === 'formed';
  });
}

const status = () => fetchProviderStatus(url());
const codes = async () => (await status()).alerts.map(({ code }) => code);
const view = async () => await stage.ledger.ledger.contract({ id: stage.client.contract });

test('fragments over three volumes are proven in every epoch, while two of them are emptied one after the other', async () => {
  // Slow enough that challenges come in the middle of it.
  await open({ limits: { moveBytesPerSecond: 400_000 } });
  const fragments = sampleFragments(...Array.from({ length: 24 }, (_, at) => 60_000 + at));
  await formContract(fragments);
  const before = await fetchVolumes(url());
  expect(before.map((volume) => volume.fragments > 5)).toEqual([true, true, true]);
  expect((await stage.offer()).capacityBytes).toBe(String(192 * MIB));
  const [, one, two] = before;
  await changeVolume(url(), one!.id.slice(0, 8), { verb: 'drain' });
  let isSecond = false;
  await stage.mineUntil('the end of the contract', async () => {
    const [, first] = await fetchVolumes(url());
    for (const { id, bytes } of fragments.slice(0, 3)) {
      expect((await stage.client.get(id)).body.equals(bytes)).toBe(true);
    }
    if (!isSecond && first?.fragments === 0) {
      isSecond = true;
      await changeVolume(url(), two!.path, { verb: 'drain' });
    }
    return (await view())?.status === 'completed';
  });
  expect(await view()).toMatchObject({ proven: 3, missed: 0 });
  expect(isSecond).toBe(true);
  expect(provider().context.records.corruptFragments()).toEqual([]);
  expect((await stage.offer()).capacityBytes).toBe(String(64 * MIB));
}, 60_000);

test('the offer follows the volumes; what they cannot keep is not promised', async () => {
  await open();
  const { client } = stage;
  const path = join(disks, 'three');
  await mkdir(path);
  const added = await addVolume(url(), path, 128 * MIB);
  expect(added).toMatchObject({ path, state: 'active', capacityBytes: 128 * MIB });
  await stage.mineUntil(
    'the larger offer',
    async () => (await stage.offer()).capacityBytes === String(320 * MIB),
  );
  await changeVolume(url(), added.id, { verb: 'resize', capacityBytes: 32 * MIB });
  await changeVolume(url(), (await fetchVolumes(url()))[0]!.id, { verb: 'read-only' });
  await stage.mineUntil(
    'the smaller offer',
    async () => (await stage.offer()).capacityBytes === String(160 * MIB),
  );
  const answer = await client.reserve({ maxBytes: BigInt(161 * MIB) });
  expect(answer.json()).toMatchObject({
    status: 507,
    code: 'reservation/no-room',
    data: { freeBytes: String(160 * MIB) },
  });
  stage.provider = await stage.provider.restart();
  expect((await fetchVolumes(url())).map(({ state }) => state)).toEqual([
    'read-only',
    'active',
    'active',
    'active',
  ]);
  expect((await client.reserve({ maxBytes: BigInt(160 * MIB) })).status).toBe(200);
}, 60_000);

test('only the operator on this machine handles volumes, and what it gets wrong is told', async () => {
  await open();
  const { client } = stage;
  const [first] = await fetchVolumes(url());
  for (const [path, body] of [
    ['', { path: disks, capacityBytes: 64 * MIB }],
    [`/${first!.id}/drain`, {}],
    [`/${first!.id}/remove`, { acceptLoss: true }],
  ] as const) {
    const answer = await client.postJson(`/v1/operator/volumes${path}`, body, {
      origin: 'http://evil.example',
    });
    expect(answer.status).toBe(404);
  }
  expect((await fetchVolumes(url())).map(({ state }) => state)).toEqual(['active', 'active', 'active']);
  const tell = (volume: string, verb: 'drain' | 'verify') => changeVolume(url(), volume, { verb });
  await expect(tell('abcdef', 'drain')).rejects.toMatchObject({ code: 'volume/unknown' });
  await expect(addVolume(url(), join(disks, 'nowhere'), 64 * MIB)).rejects.toMatchObject({
    code: 'volume/path',
    next: expect.stringContaining('where it is mounted'),
  });
  await rename(join(disks, 'one'), join(disks, 'away'));
  await expect(tell(join(disks, 'one'), 'verify')).rejects.toMatchObject({ code: 'disk/not-mounted' });
}, 60_000);

test('a volume is removed with what is on it only when that is accepted; the contracts it costs are named and alarmed', async () => {
  await open();
  const fragments = sampleFragments(...Array.from({ length: 12 }, (_, at) => 50_000 + at));
  await formContract(fragments);
  const [, one] = await fetchVolumes(url());
  const remove = (acceptLoss: boolean) => changeVolume(url(), one!.id, { verb: 'remove', acceptLoss });
  await expect(remove(false)).rejects.toMatchObject({
    code: 'volume/not-empty',
    message: expect.stringContaining('of 1 contract'),
    data: { fragments: one!.fragments, contracts: [stage.client.contract] },
  });
  await remove(true);
  await until('the loss to be marked', async () => {
    return provider().context.records.corruptFragments().length === one!.fragments;
  });
  expect(await codes()).toEqual(expect.arrayContaining(['disk/corrupt-fragments', 'proof/at-risk']));
  expect(await addVolume(url(), one!.path, 64 * MIB)).toMatchObject({
    id: one!.id,
    fragments: one!.fragments,
  });
  await provider().scrubber.scrub();
  expect(provider().context.records.corruptFragments()).toEqual([]);
}, 60_000);

test('one disk of three that is away: its fragments answer 503 and count as neither lost nor given up', async () => {
  await open();
  const fragments = sampleFragments(...Array.from({ length: 12 }, (_, at) => 50_000 + at));
  await formContract(fragments);
  const path = join(disks, 'one');
  await rename(path, `${path}.away`);
  await stage.mine();
  const statuses = await Promise.all(fragments.map(async ({ id }) => (await stage.client.get(id)).status));
  expect(new Set(statuses)).toEqual(new Set([200, 503]));
  expect(await provider().scrubber.scrub()).toEqual([]);
  const told = await status();
  expect(told.alerts[0]).toMatchObject({ code: 'disk/not-mounted' });
  expect(told.disk.volumes[1]).toMatchObject({ state: 'offline', diskFreeBytes: null });
  expect(provider().context.records.corruptFragments()).toEqual([]);
  await rename(`${path}.away`, path);
  await stage.mineUntil('the end of the contract', async () => (await view())?.status === 'completed');
  expect(await view()).toMatchObject({ proven: 3, missed: 0 });
}, 60_000);

describe('what nobody needs', () => {
  test('a fragment that no record names is deleted after the grace, not before', async () => {
    let aheadMs = 0;
    await open({ now: () => Date.now() + aheadMs, limits: { orphanGraceSeconds: 1000 } });
    const fragments = sampleFragments(40_000, 41_000);
    await formContract(fragments);
    const { context, orphans } = provider();
    const bytes = Buffer.alloc(5_000, 9);
    const orphan = Buffer.from(blake3(bytes)).toString('hex') as FragmentId;
    await context.store.put(orphan, bytes, bytes.length);
    expect(await orphans.sweep()).toBe(0);
    aheadMs = 999_000;
    expect(await orphans.sweep()).toBe(0);
    aheadMs = 1_001_000;
    expect(await orphans.sweep()).toBe(1);
    expect(await context.store.has(orphan)).toBe(false);
    for (const { id } of fragments) expect(await context.store.has(id)).toBe(true);
  }, 60_000);

  test('one that got a contract meanwhile begins anew', async () => {
    let aheadMs = 0;
    await open({ now: () => Date.now() + aheadMs, limits: { orphanGraceSeconds: 1000 } });
    await stage.mine();
    const { context, orphans } = provider();
    const [fragment] = sampleFragments(40_000);
    await context.store.put(fragment!.id as FragmentId, fragment!.bytes, fragment!.bytes.length);
    expect(await orphans.sweep()).toBe(0);
    expect((await stage.client.reserve()).status).toBe(200);
    expect((await stage.client.put(fragment!)).status).toBe(201);
    aheadMs = 1_001_000;
    expect(await orphans.sweep()).toBe(0);
    expect(await context.store.has(fragment!.id as FragmentId)).toBe(true);
  }, 60_000);
});

test('a list of volumes that cannot be read stops the start with a next step', async () => {
  await open();
  await stage.provider.stop();
  const file = join(stage.provider.dataDir, 'volumes.json');
  await writeFile(file, '{"version": 2}');
  await expect(stage.provider.reopen()).rejects.toMatchObject({ code: 'volume/list-damaged' });
  await rm(file);
  stage.provider = await stage.provider.reopen();
  expect((await fetchVolumes(url())).map(({ state }) => state)).toEqual(['active', 'active', 'active']);
  expect(await readdir(join(disks, 'one'))).toContain('VOLUME');
}, 60_000);
