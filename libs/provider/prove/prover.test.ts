import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from '@jest/globals';
import { type ContractId, decodeBlock } from '#chain';
import { hexToBytes } from '#crypto';
import type { ContractView } from '#wire';
import type { MemoryChain } from '../../../chain/testing/memory-chain.js';
import { fastDevnet, forkAt, grow, newChain, submitFrom } from '../../ledger/testing/index.js';
import { fetchProviderStatus } from '../index.js';
import { MarketStage, sampleFragments, TestProvider, until } from '../testing/index.js';
import type { ProofDuty } from './proof-duty.js';

const { proofDelayBlocks, windowBlocks } = fastDevnet.contract;

let stage: MarketStage;
afterEach(() => stage?.close());

/** A stage with one contract on chain over one fragment, which is answered. */
async function open(): Promise<ReturnType<typeof sampleFragments>[number]> {
  stage = await MarketStage.open();
  const { client, ledger, provider, wallet } = stage;
  const fragments = sampleFragments(70_000);
  expect((await client.reserve()).status).toBe(200);
  for (const fragment of fragments) expect((await client.put(fragment)).status).toBe(201);
  const terms = { formBy: ledger.height + 20, payout: provider.provider.context.account };
  const agreement = client.agreement(await stage.offer(), fragments, terms);
  const signed = await client.propose(agreement, fragments);
  await ledger.send(wallet, { kind: 'form', body: client.formBody(agreement, fragments, signed) });
  await stage.mine();
  const [fragment] = fragments;
  if (fragment === undefined) throw new Error('no fragment');
  return fragment;
}

async function contract(): Promise<ContractView> {
  const view = await stage.ledger.ledger.contract({ id: stage.client.contract });
  if (view === null) throw new Error('the contract is not on chain');
  return view;
}

const prover = () => stage.provider.provider.duties();

/** Mines up to the challenge block of the next epoch and waits until the provider has met it. */
async function challenge(): Promise<ProofDuty> {
  const { nextChallengeHeight } = await contract();
  while (stage.ledger.height < (nextChallengeHeight ?? 0)) await stage.mine();
  return await until('the challenge to be met', () => prover()[0]);
}

const ready = () => until('the proof to be made', () => prover()[0]?.proof !== undefined && prover()[0]);

/** The proof of an epoch that waits on the node. */
async function waiting(epoch = 0): Promise<{ readonly id: string; readonly fee: bigint }> {
  return await until('the proof to wait on the node', async () => {
    const record = await stage.provider.provider.context.records.proofs.find(stage.client.contract, epoch);
    const known =
      record === undefined ? null : await stage.ledger.ledger.transaction({ id: record.transactionId });
    return known?.status === 'pending' && { id: known.id, fee: BigInt(known.fee) };
  });
}

/** The ledger's chain in memory, so that a test can mine what the node's template would not. */
async function replica(): Promise<MemoryChain> {
  const chain = newChain(fastDevnet);
  for (let height = 1; height <= stage.ledger.height; height++) {
    const raw = await stage.ledger.ledger.rawBlock({ ref: String(height) });
    const block = decodeBlock(chain.law, hexToBytes(raw?.hex ?? ''));
    if (!block.ok || !chain.add(block.value).ok) throw new Error(`block ${height} cannot be replayed`);
  }
  return chain;
}

/** Waits until the provider has seen the ledger's tip. */
const seen = () =>
  until('the provider to see the tip', async () => {
    const { tip } = await stage.ledger.ledger.status();
    return stage.provider.provider.watch.tip?.id === tip.id;
  });

/** Mines a block that holds nothing, as a miner would that censors. */
async function mineEmpty(chain: MemoryChain): Promise<void> {
  grow(chain);
  await submitFrom(stage.ledger, chain, chain.height);
  await seen();
}

/** A provider on the folder of the one that was stopped. */
function reopen(options: Partial<Parameters<typeof TestProvider.open>[0]> = {}): Promise<TestProvider> {
  const { dataDir } = stage.provider;
  return TestProvider.open({ params: fastDevnet, ledger: stage.ledger.ledger, dataDir, ...options });
}

const alerts = async () => (await fetchProviderStatus(stage.provider.url)).alerts;

describe('a proof', () => {
  test('is made at the challenge block, handed in as soon as a block may hold it, and stands in the first that may', async () => {
    await open();
    const { challenge: view } = await challenge();
    await ready();
    const { records } = stage.provider.provider.context;
    expect(await records.proofs.find(stage.client.contract, 0)).toBeUndefined();
    while (stage.ledger.height + 1 < view.opensAt) await stage.mine();
    const { id } = await waiting();
    await stage.mine();
    expect(await stage.ledger.ledger.transaction({ id })).toMatchObject({ height: view.opensAt });
    expect(view.opensAt).toBe(view.challengeHeight + proofDelayBlocks);
    expect(await contract()).toMatchObject({ proven: 1, missed: 0 });
  }, 60_000);

  test('pays more as its deadline nears, and its last block is early enough', async () => {
    await open();
    const { challenge: view } = await challenge();
    while (stage.ledger.height + 1 < view.opensAt) await stage.mine();
    const first = await waiting();
    const chain = await replica();
    while (chain.height + 1 < view.closesAt) await mineEmpty(chain);
    const last = await until('a higher fee', async () => {
      const now = await waiting();
      return now.fee >= 4n * first.fee && now;
    });
    expect(last.id).not.toBe(first.id);
    expect((await alerts())[0]).toMatchObject({ severity: 'critical', code: 'proof/due' });
    await stage.mine();
    expect(await stage.ledger.ledger.transaction({ id: last.id })).toMatchObject({ height: view.closesAt });
    expect(await contract()).toMatchObject({ proven: 1, missed: 0 });
  }, 60_000);

  test('of a challenge block that a reorganisation replaced gives way to one of the new block, waiting or in a block', async () => {
    await open();
    for (const [epoch, isIncluded] of [
      [0, false],
      [1, true],
    ] as const) {
      const { challenge: view } = await challenge();
      while (stage.ledger.height + 1 < view.opensAt) await stage.mine();
      const old = await waiting(epoch);
      if (isIncluded) await stage.mine();
      const fork = forkAt(await replica(), view.challengeHeight - 1);
      while (fork.height <= stage.ledger.height) grow(fork, [], { coinbase: { extra: new Uint8Array(7) } });
      expect(await submitFrom(stage.ledger, fork, view.challengeHeight)).toBe('reorganized');
      await seen();
      const fresh = await until('the proof of the new block', async () => {
        const now = await waiting(epoch);
        return now.id !== old.id && now;
      });
      const known = await stage.provider.provider.context.records.proofs.find(stage.client.contract, epoch);
      expect(known?.blockId).not.toBe(view.blockId);
      await stage.mine();
      expect(await stage.ledger.ledger.transaction({ id: fresh.id })).toMatchObject({ status: 'confirmed' });
      expect(await contract()).toMatchObject({ proven: epoch + 1, missed: 0 });
    }
  }, 90_000);

  test('comes after a restart in its last block, whatever the clock says', async () => {
    await open();
    for (const skewMs of [-10 * 365 * 86_400_000, 10 * 365 * 86_400_000]) {
      const { challenge: view } = await challenge();
      await stage.provider.stop();
      await stage.ledger.mine(view.closesAt - 1 - stage.ledger.height);
      stage.provider = await reopen({ now: () => Date.now() + skewMs });
      const { id } = await waiting(view.epoch);
      await stage.mine();
      expect(await stage.ledger.ledger.transaction({ id })).toMatchObject({ height: view.closesAt });
    }
    expect(await contract()).toMatchObject({ proven: 2, missed: 0 });
  }, 90_000);
});

describe('alarms before it is too late', () => {
  test('a fragment that is lost is told before the challenge and until the last block, and its return is enough', async () => {
    const fragment = await open();
    const { client, provider } = stage;
    const path = join(provider.provider.context.fragmentsFolder, fragment.id.slice(0, 2), fragment.id);
    const bytes = await readFile(path);
    await rm(path);
    expect(await provider.provider.scrubber.scrub()).toEqual([fragment.id]);
    expect(await alerts()).toContainEqual(
      expect.objectContaining({
        code: 'proof/at-risk',
        message: expect.stringContaining('1 of the 1 fragments'),
      }),
    );
    const { challenge: view } = await challenge();
    await until('the trouble to show', () => prover()[0]?.problem !== undefined);
    const early = (await alerts()).find(({ code }) => code === 'proof/failing');
    expect(early).toMatchObject({ severity: 'warning' });
    expect(early?.message).toContain(`proof due in ${windowBlocks} blocks`);
    expect(early?.message).toContain('fragment/lost');
    while (stage.ledger.height < view.closesAt - 2) await stage.mine();
    const late = (await alerts()).find(({ code }) => code === 'proof/failing');
    expect(late).toMatchObject({ severity: 'critical' });
    expect(late?.message).toContain('proof due in 2 blocks');
    await writeFile(path, bytes);
    await stage.mine();
    await waiting();
    await stage.mine();
    expect(await contract()).toMatchObject({ proven: 1, missed: 0 });
    expect((await alerts()).map(({ code }) => code)).not.toContain('proof/failing');
    expect(provider.provider.context.records.corruptFragments()).toEqual([]);
    expect((await client.get(fragment.id)).status).toBe(200);
  }, 60_000);

  test('a volume that is not mounted is told at once, with what is due; nothing counts as lost, and it goes on by itself', async () => {
    await open();
    const { context } = stage.provider.provider;
    const away = `${context.fragmentsFolder}.away`;
    await rename(context.fragmentsFolder, away);
    await stage.mine();
    const early = (await alerts()).find(({ code }) => code === 'disk/not-mounted');
    expect(early?.message).toMatch(
      /^proof due in \d+ blocks: the volume with the fragments is not mounted at /,
    );
    const { challenge: view } = await challenge();
    await until('the trouble to show', () => prover()[0]?.problem?.code === 'disk/not-mounted');
    while (stage.ledger.height < view.closesAt - 2) await stage.mine();
    expect(await stage.provider.provider.scrubber.scrub()).toEqual([]);
    expect(context.records.corruptFragments()).toEqual([]);
    expect((await alerts())[0]).toMatchObject({
      severity: 'critical',
      code: 'disk/not-mounted',
      message: expect.stringContaining('proof due in 2 blocks'),
    });
    await rename(away, context.fragmentsFolder);
    await stage.mine();
    await waiting();
    await stage.mine();
    expect(await contract()).toMatchObject({ proven: 1, missed: 0 });
    expect((await alerts()).map(({ code }) => code)).not.toContain('disk/not-mounted');
  }, 60_000);
});

test('a volume that is missing at the start is not taken for an empty one', async () => {
  await open();
  const { fragmentsFolder } = stage.provider.provider.context;
  await stage.provider.stop();
  await rename(fragmentsFolder, `${fragmentsFolder}.away`);
  stage.provider = await reopen();
  await seen();
  expect((await alerts()).map(({ code }) => code)).toContain('disk/not-mounted');
  const id = stage.client.contract as ContractId;
  expect(stage.provider.provider.context.records.contract(id)?.state).toBeDefined();
}, 60_000);
