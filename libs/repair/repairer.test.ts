import { afterEach, expect, test } from '@jest/globals';
import type { ContractId, FragmentId } from '#chain';
import { bytesToHex } from '#crypto';
import { fastDevnet } from '../ledger/testing/index.js';
import { RepairStage } from './testing/index.js';

const { epochBlocks } = fastDevnet.contract;

let stage: RepairStage;
afterEach(async () => {
  await stage.close();
});

/** What was given to another provider; on a busy machine a first attempt may have failed. */
const replaced = () => stage.repairer.status().last.filter(({ outcome }) => outcome === 'replaced');

test('two of four holders die while client and repairer are away: both are replaced within an epoch, read once for both', async () => {
  stage = await RepairStage.open(7);
  const file = await stage.store(700_000);
  const { market } = stage.client;
  const views = await Promise.all(file.contracts.map((id) => stage.client.view(id)));
  const [first, second, third, fourth] = views;
  await stage.stopRepairer();
  for (const view of [first!, second!]) await stage.lose(stage.providerOf(view));
  const missed = async (id: string) => (await stage.client.view(id)).replaceable === 'missed';
  await stage.mineUntil('two misses', async () => (await missed(first!.id)) && missed(second!.id));
  await stage.startRepairer();
  const startedAt = market.ledger.height;
  await stage.mineUntil('both replaced', async () => replaced().length === 2);
  expect(market.ledger.height - startedAt).toBeLessThanOrEqual(epochBlocks);
  const last = replaced();
  expect(last.map(({ contract }) => contract).sort()).toEqual([first!.id, second!.id].sort());
  for (const record of last) expect(record).toMatchObject({ outcome: 'replaced', reason: 'below-threshold' });
  // k = 2 fragments of each segment are read, and two are made of them.
  const read = last.reduce((sum, { bytesRead }) => sum + bytesRead, 0);
  const rebuilt = last.reduce((sum, { bytesRebuilt }) => sum + bytesRebuilt, 0);
  expect(read / rebuilt).toBeLessThan(1.2);
  const { providers } = stage.client.client.context;
  const after = await Promise.all(file.contracts.map((id) => providers.contract(id as ContractId)));
  expect(new Set(after.map(({ provider }) => provider)).size).toBe(4);
  // What was rebuilt gives the file back alone.
  for (const view of [third!, fourth!]) await stage.lose(stage.providerOf(view));
  expect(bytesToHex(await stage.read(file))).toBe(bytesToHex(file.bytes));
}, 180_000);

test('a provider leaves: it is replaced without a miss, and what it still gives is copied', async () => {
  stage = await RepairStage.open(5);
  const file = await stage.store(300_000);
  const view = await stage.client.view(file.contracts[0]!);
  await stage.providerOf(view).provider.operator.drain();
  await stage.mineUntil('the replacement', async () => replaced().length > 0);
  expect(await stage.client.view(view.id)).toMatchObject({ status: 'replaced', missed: 0 });
  const [record] = replaced();
  expect(record).toMatchObject({ reason: 'drained', outcome: 'replaced' });
  expect(record?.bytesRead).toBe(record?.bytesRebuilt);
}, 120_000);

test('what the operator’s rate cannot move while room is kept is not begun: the queue says why, and what would do', async () => {
  stage = await RepairStage.open(5);
  const file = await stage.store(300_000);
  await stage.stopRepairer();
  await stage.startRepairer({ bytesPerSecond: 2 });
  const view = await stage.client.view(file.contracts[0]!);
  await stage.providerOf(view).provider.operator.drain();
  const why = () => stage.repairer.status().queue[0]?.why ?? '';
  await stage.mineUntil('the reason', () => why() !== '');
  expect(why()).toMatch(/^repair\/too-slow: .* CAIRN_REPAIR_RATE must be \d+ at least/);
  expect(stage.repairer.status().last).toMatchObject([{ outcome: 'failed', bytesRead: 0, provider: null }]);
  await stage.stopRepairer();
  // Hours at this rate: the new provider keeps its room for as long.
  await stage.startRepairer({ bytesPerSecond: 40 });
  const { market } = stage.client;
  const room = () =>
    [market.provider, ...market.others]
      .flatMap(({ provider }) => provider.context.records.contracts())
      .find(({ state, origin }) => state === 'reserved' && origin?.contract === view.id);
  await stage.mineUntil('room for it', () => room() !== undefined);
  const neededSeconds = (2 * Number(view.totalBytes)) / 20;
  expect((room()?.expiresAt ?? 0) - Date.now() / 1_000).toBeGreaterThan(neededSeconds);
  await stage.stopRepairer();
  await stage.startRepairer();
  await stage.mineUntil('the replacement', async () => replaced().length > 0);
}, 120_000);

test('a provider that comes back keeps its contract: what was planned is cancelled, and it counts as live again', async () => {
  // Nobody else is there to take it: it stays planned until its provider is back.
  stage = await RepairStage.open(4);
  const file = await stage.store(150_000);
  const view = await stage.client.view(file.contracts[0]!);
  const provider = stage.providerOf(view);
  await stage.lose(provider);
  const live = () => stage.repairer.file(stage.subjectOf(file))?.liveFragments;
  await stage.mineUntil('it counts as gone', () => live() === 3);
  expect(stage.repairer.status().departed).toHaveLength(1);
  const why = () => stage.repairer.status().queue[0]?.why ?? '';
  await stage.mineUntil('a repair without a provider for it', () => why().includes('failure domain'));
  expect(stage.repairer.status().queue).toMatchObject([{ contract: view.id, reason: 'departed', spare: 1 }]);
  await stage.bringBack(provider);
  await stage.mineUntil('it counts as live', () => live() === 4);
  await stage.mineUntil('nothing to do', () => stage.repairer.status().queue.length === 0);
  await stage.mineUntil('its next proof', async () => (await stage.client.view(view.id)).lastMissed === null);
  expect(await stage.client.view(view.id)).toMatchObject({ status: 'active', lastMissed: null });
  expect(replaced()).toEqual([]);
}, 180_000);

test('a fragment that a living provider lost is put again, from the others', async () => {
  stage = await RepairStage.open(5);
  const file = await stage.store(150_000);
  const { market } = stage.client;
  const view = await stage.client.view(file.contracts[1]!);
  const { store } = stage.providerOf(view).provider.context;
  const fragments = await market.ledger.ledger.contractFragments({ id: view.id });
  for (const { id } of fragments.items) await store.remove(id as FragmentId);
  await stage.mineUntil(
    'both to be healed',
    async () => {
      for (const { id } of fragments.items) if (!(await store.has(id as FragmentId))) return false;
      return stage.repairer.status().healed >= fragments.items.length;
    },
    { isProven: false },
  );
  await stage.mineUntil(
    'it counts as live',
    async () => {
      return stage.repairer.file(stage.subjectOf(file))?.liveFragments === 4;
    },
    { isProven: false },
  );
  expect(await stage.client.view(view.id)).toMatchObject({ status: 'active' });
  // What no capability names, such as what an upload that was given up left behind, keeps no other from it.
  const ids = fragments.items.map(({ id }) => id as FragmentId);
  for (const id of ids) await store.remove(id);
  const wanted = new Set<string>(['ff'.repeat(32), ...ids]);
  const subjects = [stage.subjectOf(file)];
  const { healed, failures } = await stage.repairer['round']().heal(
    view,
    wanted,
    subjects,
    AbortSignal.timeout(20_000),
  );
  expect([...healed].sort()).toEqual([...ids].sort());
  expect([...failures.values()]).toMatchObject([{ code: 'repair/unknown-fragment' }]);
}, 180_000);
