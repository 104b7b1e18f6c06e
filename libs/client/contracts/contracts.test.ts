import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from '@jest/globals';
import type { BlockId, ContractId } from '#chain';
import { challengePlan } from '#contracts';
import { AppError } from '#errors';
import { fastDevnet } from '../../ledger/testing/index.js';
import { sampleFragments } from '../../provider/testing/index.js';
import { ClientStage } from '../testing/index.js';
import { FragmentReader } from '../transfer/fragment-reader.js';
import { drop } from './drop.js';
import { renew } from './renew.js';
import { appendTo, extend, revise, topUp } from './revise.js';

let stage: ClientStage;
afterEach(() => stage?.close());

const records = () => stage.market.provider.provider.context.records;
const store = () => stage.market.provider.provider.context.store;

/** What `read` needs to be served: a fresh session, as another process would have. */
async function readBack(contract: ContractId, id: string, lengthBytes: number): Promise<Uint8Array> {
  const session = await new FragmentReader(stage.client.context).session(contract);
  return session.getFragment(id as never, lengthBytes);
}

async function toEnd(contract: string): Promise<void> {
  await stage.market.mineUntil('the end of the contract', async () => {
    return (await stage.view(contract)).status !== 'active';
  });
}

/** Until the block of a challenge that nobody may have answered yet. */
async function toChallenge(contract: string): Promise<void> {
  for (let block = 0; block < 100; block++) {
    await stage.market.mine();
    if ((await stage.view(contract)).window?.proven === false) return;
  }
  throw new Error('mined 100 blocks waiting for a challenge');
}

/** Until the block after which an epoch has begun. */
async function toEpoch(contract: string, epoch: number): Promise<void> {
  const { startHeight } = await stage.view(contract);
  const begins = startHeight + epoch * fastDevnet.contract.epochBlocks;
  await stage.market.mineUntil(`epoch ${epoch}`, async () => stage.market.ledger.height >= begins);
}

describe('a contract that grows', () => {
  test('takes further fragments, is proven with them, and pays for them', async () => {
    stage = await ClientStage.open();
    const { contract, fragments } = await stage.form([50_000, 3_000]);
    const before = await stage.view(contract);
    const more = sampleFragments(200_000, 1);
    const { client } = stage;
    const revised = await stage.whileMining(appendTo(client.context, contract, more));
    expect(revised.number).toBe(1);
    const after = await stage.view(contract);
    expect(after).toMatchObject({ revision: 1, leafCount: 4, totalBytes: '253001' });
    expect(BigInt(after.tranche)).toBeGreaterThan(BigInt(before.tranche));
    await stage.market.mine();
    for (const { id, bytes } of [...fragments, ...more]) {
      expect(Buffer.from(await readBack(contract, id, bytes.length)).equals(bytes)).toBe(true);
    }
    await toEnd(contract);
    expect(await stage.view(contract)).toMatchObject({ status: 'completed', missed: 0, proven: 3 });
    expect(await stage.market.ledger.ledger.audit()).toMatchObject({ balanced: true });
  }, 90_000);

  test('is extended and topped up; what its offer no longer allows is refused and changes nothing', async () => {
    stage = await ClientStage.open();
    const { context } = stage.client;
    const { contract } = await stage.form([20_000], 2);
    await stage.whileMining(extend(context, contract, 2));
    expect(await stage.view(contract)).toMatchObject({ epochs: 4, endEpoch: 4, revision: 1 });
    await expect(extend(context, contract, 1)).rejects.toMatchObject({
      data: { rule: 'revision/too-often' },
    });
    await toEpoch(contract, 2);
    await stage.whileMining(topUp(context, contract, { addReadEscrow: 700n }));
    expect(await stage.view(contract)).toMatchObject({ revision: 2, reads: '700' });

    stage.market.provider = await stage.market.provider.restart({ terms: { basePerEpoch: 90_000n } });
    await stage.market.mineUntil('the dearer offer', async () => {
      return (await stage.market.offer()).basePerEpoch === '90000';
    });
    await toEpoch(contract, 3);
    const before = await stage.view(contract);
    await expect(extend(context, contract, 1)).rejects.toMatchObject({ data: { rule: 'revision/price' } });
    expect(await stage.view(contract)).toMatchObject({ epochs: before.epochs, revision: before.revision });
    await toEnd(contract);
    expect(await stage.view(contract)).toMatchObject({ status: 'completed', missed: 0, proven: 4 });
  }, 120_000);

  test('is not appended to where the provider is full, its coins or the client’s are gone, or nothing was sent', async () => {
    stage = await ClientStage.open({ terms: { capacityBytes: 100_000, basePerEpoch: 20_000n } });
    const { context } = stage.client;
    const { contract } = await stage.form([60_000]);
    const small = sampleFragments(30_000);
    await expect(appendTo(context, contract, sampleFragments(50_000))).rejects.toMatchObject({
      data: { rule: 'reservation/no-room' },
    });
    const entries = small.map(({ id, bytes }) => ({ id, lengthBytes: bytes.length }));
    await expect(revise(context, contract, { appended: entries })).rejects.toMatchObject({
      data: { rule: 'agreement/not-stored' },
    });
    await expect(topUp(context, contract, { addReadEscrow: 10n ** 15n })).rejects.toMatchObject({
      data: { rule: 'revision/no-coins' },
    });
    await expect(topUp(context, contract, { addReserve: 1n })).rejects.toMatchObject({
      data: { rule: 'revision/reserve' },
    });
    expect(await stage.view(contract)).toMatchObject({ revision: 0, totalBytes: '60000' });
    await stage.whileMining(appendTo(context, contract, small));
    expect(store().usedBytes()).toBe(90_000);
    await toEnd(contract);
    expect(await stage.view(contract)).toMatchObject({ status: 'completed', missed: 0 });
  }, 90_000);

  test('is changed by the provider where the client signed and was killed; a restart of either loses nothing', async () => {
    stage = await ClientStage.open();
    const { contract } = await stage.form([20_000]);
    const { context } = stage.client;
    const real = context.wallet.submit.bind(context.wallet);
    context.wallet.submit = async () => {
      throw new AppError({ code: 'test/killed', message: 'killed before it published' });
    };
    const more = sampleFragments(10_000);
    await expect(appendTo(context, contract, more)).rejects.toMatchObject({ code: 'test/killed' });
    context.wallet.submit = real;
    stage.market.provider = await stage.market.provider.restart();
    expect(records().contract(contract)?.revisions).toHaveLength(1);
    await stage.market.mineUntil('the revision', async () => (await stage.view(contract)).revision === 1);
    await stage.market.mineUntil('it to be forgotten', async () => {
      return records().contract(contract)?.revisions === undefined;
    });
    await toEnd(contract);
    expect(await stage.view(contract)).toMatchObject({ status: 'completed', missed: 0, totalBytes: '30000' });
  }, 90_000);

  test('loses what was sent for it and never signed', async () => {
    let aheadMs = 0;
    stage = await ClientStage.open({ now: () => Date.now() + aheadMs });
    const { contract } = await stage.form([20_000]);
    const { context } = stage.client;
    const session = await new FragmentReader(context).session(contract);
    const [sent] = sampleFragments(5_000);
    await expect(session.putFragment(sent!.id, sent!.bytes)).rejects.toMatchObject({
      data: { rule: 'contract/closed' },
    });
    const expiresAt = BigInt(Math.floor(Date.now() / 1000) + 600);
    await session.keepRoom({ contract, maxBytes: 5_000n, maxFragments: 1, expiresAt });
    await session.putFragment(sent!.id, sent!.bytes);
    const [tooMuch] = sampleFragments(1);
    await expect(session.putFragment(tooMuch!.id, tooMuch!.bytes)).rejects.toMatchObject({
      data: { rule: 'reservation/over-fragments' },
    });
    expect(store().usedBytes()).toBe(25_000);
    aheadMs = 601_000;
    await stage.market.mineUntil('the room to be free', async () => store().usedBytes() === 20_000);
    expect(records().contract(contract)?.room).toBeUndefined();
  }, 60_000);
});

describe('a contract that shrinks', () => {
  test('is proven without what was dropped, which is kept until nobody can ask for it', async () => {
    stage = await ClientStage.open();
    const { context } = stage.client;
    const { contract, fragments } = await stage.form([300_000, 200_000, 100_000]);
    await stage.market.mineUntil('an open window', async () => (await stage.view(contract)).window !== null);
    const gone = fragments[0]!;
    const before = await stage.view(contract);
    const dropped = await stage.whileMining(drop(context, contract, [gone.id]));
    expect(dropped.fragments).toBe(1);
    const after = await stage.view(contract);
    expect(after).toMatchObject({ totalBytes: '300000', leafCount: 3 });
    expect(BigInt(after.tranche)).toBeLessThan(BigInt(before.tranche));
    const droppedAt = stage.market.ledger.height;
    await stage.market.mineUntil('the drop to be seen', async () => {
      return records().contract(contract)?.root === after.root;
    });
    expect(await store().has(gone.id)).toBe(true);
    await stage.market.mineUntil('its room to be free', async () => !(await store().has(gone.id)));
    const { windowBlocks, settleDelayBlocks } = fastDevnet.contract;
    expect(stage.market.ledger.height).toBeGreaterThan(droppedAt + windowBlocks + settleDelayBlocks);
    expect(await store().has(fragments[1]!.id)).toBe(true);
    // Too much of it is not dropped but ended, and what is there already is not dropped twice.
    const most = fragments.slice(1).map(({ id }) => id);
    await expect(drop(context, contract, most)).rejects.toMatchObject({ code: 'contract/drop-too-much' });
    await toEnd(contract);
    expect(await stage.view(contract)).toMatchObject({ status: 'completed', missed: 0, proven: 3 });
  }, 120_000);

  test('answers the challenge that was drawn before: a dropped fragment is shown, from the list as it was', async () => {
    stage = await ClientStage.open();
    const { context } = stage.client;
    const { contract, fragments } = await stage.form([700_000, 300_000], 4);
    const { ledger } = stage.market.ledger;
    const chunks = BigInt(Math.ceil(700_000 / 1_024));
    await stage.market.mineUntil('a challenge of the larger fragment', async () => {
      const [open] = await ledger.challenges({ provider: stage.market.provider.address });
      if (open === undefined || open.proven || stage.market.ledger.height > open.challengeHeight)
        return false;
      const plan = challengePlan(context.crypto, fastDevnet, {
        contract,
        epoch: open.epoch,
        blockId: open.blockId as BlockId,
        totalChunks: BigInt(open.totalChunks),
      });
      const [first] = plan.draws;
      return first !== undefined && first < chunks;
    });
    // The provider is away while the client drops what was drawn.
    const { window } = await stage.view(contract);
    await stage.market.provider.stop();
    let isDropped = false;
    const dropping = drop(context, contract, [fragments[0]!.id]).finally(() => {
      isDropped = true;
    });
    while (!isDropped) {
      await stage.market.ledger.mine();
      await new Promise((resolve) => setTimeout(resolve, 300));
    }
    await dropping;
    const after = await stage.view(contract);
    expect(after.window).toMatchObject({ epoch: window?.epoch, proven: false });
    expect(after.root).not.toBe(after.window?.root);
    stage.market.provider = await stage.market.provider.reopen();
    await stage.market.mineUntil(
      'the proof',
      async () => (await stage.view(contract)).window?.proven !== false,
    );
    expect(await stage.view(contract)).toMatchObject({ missed: 0, proven: (window?.epoch ?? 0) + 1 });
    await toEnd(contract);
    expect(await stage.view(contract)).toMatchObject({ status: 'completed', missed: 0, proven: 4 });
  }, 120_000);

  test('is found again with its tombstones by a provider that lost its records', async () => {
    stage = await ClientStage.open();
    const { context } = stage.client;
    const { contract, fragments } = await stage.form([90_000, 60_000, 30_000]);
    await stage.whileMining(drop(context, contract, [fragments[1]!.id]));
    await stage.whileMining(appendTo(context, contract, sampleFragments(40_000)));
    await records().forget(contract);
    await stage.market.mineUntil('it to be found again', async () => {
      return records().contract(contract)?.state === 'formed';
    });
    expect((await records().leaves(contract)).map(({ lengthBytes }) => lengthBytes)).toEqual([
      90_000, 60_000, 30_000, 40_000,
    ]);
    await toEnd(contract);
    expect(await stage.view(contract)).toMatchObject({ status: 'completed', missed: 0 });
  }, 120_000);
});

describe('a contract that is renewed', () => {
  test('goes on without an upload: the old one settles, the new one is proven to its end', async () => {
    // So dear that the provider can lock the collateral only because the old one comes back in the same step.
    stage = await ClientStage.open({ terms: { basePerEpoch: 20_000_000_000n } });
    const { context } = stage.client;
    const { contract, fragments } = await stage.form([70_000, 60_000], 3);
    await stage.market.mineUntil('a proven epoch', async () => (await stage.view(contract)).proven === 1);
    const uploads = store().usedBytes();
    const { renewed } = await stage.whileMining(renew(context, contract, { epochs: 3 }));
    expect(await stage.view(contract)).toMatchObject({ status: 'renewed', successor: renewed });
    expect(await stage.view(renewed)).toMatchObject({
      status: 'active',
      epochs: 3,
      origin: { kind: 'renewal', contract },
    });
    expect(store().usedBytes()).toBe(uploads);
    await stage.market.mineUntil('the old one to be forgotten', async () => {
      return records().contract(contract) === undefined;
    });
    expect(store().usedBytes()).toBe(uploads);
    const { id, bytes } = fragments[0]!;
    expect(Buffer.from(await readBack(renewed, id, bytes.length)).equals(bytes)).toBe(true);
    await toEnd(renewed);
    expect(await stage.view(renewed)).toMatchObject({ status: 'completed', missed: 0, proven: 3 });
    await stage.market.mineUntil('the room to be free', async () => store().usedBytes() === 0);
    expect(await stage.market.ledger.ledger.audit()).toMatchObject({ balanced: true });
  }, 120_000);

  test('waits for the proof of an open challenge, and names a provider that does not answer', async () => {
    stage = await ClientStage.open();
    const { context } = stage.client;
    const [answered, silent] = [await stage.form([50_000], 4), await stage.form([60_000], 4)];
    await toChallenge(answered.contract);
    const { renewed } = await stage.whileMining(renew(context, answered.contract, { epochs: 4 }));
    expect(await stage.view(renewed)).toMatchObject({ status: 'active' });
    expect(await stage.view(answered.contract)).toMatchObject({ status: 'renewed', missed: 0 });

    const { fragmentsFolder } = stage.market.provider.provider.context;
    const spoilt = silent.fragments[0]!.id;
    await writeFile(join(fragmentsFolder, spoilt.slice(0, 2), spoilt), Buffer.alloc(60_000));
    await toChallenge(silent.contract);
    const closesAt = (await stage.view(silent.contract)).window?.closesAt ?? 0;
    while (stage.market.ledger.height < closesAt - 1) await stage.market.mine();
    await expect(renew(context, silent.contract, { epochs: 4 })).rejects.toMatchObject({
      code: 'renew/challenged',
      next: expect.stringContaining(`at block ${closesAt + 1},`),
    });
  }, 90_000);

  test('stays as it was where the price rose beyond the limit, by the client’s own or the offer’s', async () => {
    stage = await ClientStage.open();
    const { context } = stage.client;
    const { contract } = await stage.form([70_000], 4);
    await expect(renew(context, contract, { epochs: 3, maxCost: 5n })).rejects.toMatchObject({
      code: 'renew/too-dear',
    });
    stage.market.provider = await stage.market.provider.restart({ terms: { maxEpochs: 3 } });
    await stage.market.mineUntil('the new offer', async () => (await stage.market.offer()).maxEpochs === 3);
    await expect(renew(context, contract, { epochs: 4 })).rejects.toMatchObject({
      code: 'negotiation/too-dear',
    });
    expect(await stage.view(contract)).toMatchObject({ status: 'active', successor: null });
    expect(records().contracts()).toHaveLength(1);
    await toEnd(contract);
    expect(await stage.view(contract)).toMatchObject({ status: 'completed', missed: 0 });
  }, 90_000);

  test('is not renewed for somebody else, nor after it ended', async () => {
    stage = await ClientStage.open();
    const { contract } = await stage.form([10_000], 1);
    const { context } = stage.client;
    await toEnd(contract);
    await expect(renew(context, contract, { epochs: 3 })).rejects.toMatchObject({ code: 'contract/over' });
    await expect(renew(context, 'ab'.repeat(32), { epochs: 3 })).rejects.toMatchObject({
      code: 'contract/unknown',
    });
  }, 60_000);
});
