import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { type ContractScenario, createContractScenario } from '../../contracts/testing/contract-scenario.js';
import { feedScenario, TestLedger } from '../ledger/testing/index.js';
import { createPayoutsService, SummaryBook } from './index.js';

let scene: TestLedger;
let scenario: ContractScenario;
beforeEach(async () => {
  scene = await TestLedger.open();
  scenario = createContractScenario({ epochs: 4 });
  scenario.form();
});
afterEach(() => scene.close());

async function payouts() {
  await feedScenario(scene, scenario);
  const { ledger, law } = scene;
  return createPayoutsService({ ledger, params: law.params, book: new SummaryBook(ledger) });
}

const amountOf = async (reason: string): Promise<string> => {
  const statement = await (await payouts()).statement({ contract: scenario.id });
  return statement.totals.byReason[reason] ?? '0';
};

describe('a forecast', () => {
  test('is what comes true when every epoch is proven at once, coin for coin and block for block', async () => {
    scenario.proveEpoch(0);
    scenario.openWindow(1);
    const provider = scenario.terms.provider.account;
    const forecast = await (await payouts()).forecast({ provider, epochs: 10 });
    expect(forecast.items.map(({ kind, epoch }) => [kind, epoch])).toEqual([
      ['proof', 1],
      ['proof', 2],
      ['proof', 3],
      ['settlement', null],
    ]);
    const paidBefore = BigInt(await amountOf('tranche'));
    for (const epoch of [1, 2, 3]) scenario.proveEpoch(epoch);
    scenario.chain.mineTo(forecast.items.at(-1)?.height ?? 0);
    const { items } = await (await payouts()).statement({ contract: scenario.id, limit: 200 });
    const heightsOf = (reason: string) =>
      items.filter((line) => line.reason === reason).map(({ height }) => height);
    expect(heightsOf('tranche').slice(1)).toEqual(forecast.items.slice(0, 3).map(({ height }) => height));
    const amountsOf = (reason: string) =>
      items.filter((line) => line.reason === reason).map(({ amount }) => amount);
    expect(amountsOf('tranche').slice(1)).toEqual(forecast.items.slice(0, 3).map(({ paid }) => paid));
    expect(amountsOf('tranche-vesting').slice(1)).toEqual(
      forecast.items.slice(0, 3).map(({ vesting }) => vesting),
    );
    expect(heightsOf('vesting-paid')).toEqual([forecast.items.at(-1)?.height]);
    const paid = BigInt(await amountOf('tranche')) - paidBefore + BigInt(await amountOf('vesting-paid'));
    expect(forecast.totals.paid).toBe(paid.toString());
    expect(forecast.totals.collateral).toBe(await amountOf('collateral-returned'));
    expect((await (await payouts()).forecast({ provider })).items).toEqual([]);
  });

  test('looks no further than it was asked, and names a contract nobody has', async () => {
    const service = await payouts();
    const provider = scenario.terms.provider.account;
    const { items } = await service.forecast({ provider, epochs: 2 });
    expect(items.map(({ kind }) => kind)).toEqual(['proof', 'proof']);
    await expect(service.forecast({ provider, contract: '00'.repeat(32) })).rejects.toMatchObject({
      code: 'payouts/not-found',
    });
  });
});

describe('what is at risk', () => {
  test('is what a miss then costs, also the last one', async () => {
    const { provider } = scenario.terms;
    const strikes = scene.law.params.contract.strikes;
    for (let epoch = 0; epoch < strikes; epoch++) {
      scenario.openWindow(epoch);
      const before = await payouts();
      const risk = await before.risk({ provider: provider.account });
      const [line] = risk.items;
      expect(line).toMatchObject({ strikes: epoch, strikesToFail: strikes, open: { epoch } });
      expect(risk).toMatchObject({ openChallenges: 1, atStakeNow: line?.ifMissed.total });
      const lost = BigInt((await before.statement({ contract: scenario.id })).totals.lost);
      scenario.missEpoch(epoch);
      const after = (await (await payouts()).statement({ contract: scenario.id })).totals;
      const { slashed, vestingLost, fails } = line?.ifMissed ?? {
        slashed: '0',
        vestingLost: '0',
        fails: false,
      };
      expect(BigInt(after.lost) - lost).toBe(BigInt(slashed) + BigInt(vestingLost));
      expect(fails).toBe(epoch === strikes - 1);
    }
    const failed = await payouts();
    expect((await failed.risk({ provider: provider.account })).items).toEqual([]);
    const { items } = await failed.penalties({ provider: provider.account });
    expect(items.map(({ kind, strikes: so }) => [kind, so])).toEqual([
      ['failed', 3],
      ['missed', 3],
      ['missed', 2],
      ['missed', 1],
    ]);
    const penalised = items.reduce((sum, { lost }) => sum + BigInt(lost), 0n);
    const { totals } = await failed.statement({ contract: scenario.id });
    expect(penalised.toString()).toBe(totals.lost);
    // Page by page, and of everybody, they are the same.
    const first = await failed.penalties({ limit: 3 });
    const second = await failed.penalties({ limit: 3, cursor: first.nextCursor ?? '' });
    expect([...first.items, ...second.items]).toEqual(items);
    expect(second.nextCursor).toBeNull();
  });
});

describe('rewards of a miner', () => {
  test('show what the block paid, and which first proofs made new coins', async () => {
    scenario.proveEpoch(0);
    const provenAt = scenario.chain.height;
    scenario.chain.mineTo(provenAt + scene.law.params.reward.maturityBlocks + 1);
    const service = await payouts();
    const block = await scene.ledger.block({ ref: String(provenAt) });
    const { items } = await service.minerRewards({ miner: block?.miner ?? '', limit: 200 });
    const reward = items.find(({ height }) => height === provenAt);
    expect(reward?.inclusions).toEqual([{ contract: scenario.id, amount: block?.proofMint }]);
    for (const { amount, subsidy, fees, poolDraw, proofMint } of items) {
      expect(BigInt(amount)).toBe(BigInt(subsidy) + BigInt(fees) + BigInt(poolDraw) + BigInt(proofMint));
    }
    expect(await amountOf('mint-inclusion')).toBe(block?.proofMint);
  });
});
