import { afterEach, describe, expect, it } from '@jest/globals';
import type { KnownTransaction } from '#chain';
import { bytesToHex } from '#crypto';
import { createContractScenario } from '../../../contracts/testing/contract-scenario.js';
import type { OpenLedgerOptions } from '../embedded-ledger.js';
import { feedScenario } from '../testing/market-scene.js';
import { TestLedger, type Wallet } from '../testing/test-ledger.js';

let test: TestLedger;
afterEach(async () => {
  await test.close();
});

async function openWith(mempool: OpenLedgerOptions['mempool'] = {}): Promise<readonly [Wallet, Wallet]> {
  test = await TestLedger.open({ mempool });
  const [a, b] = [test.wallet('a'), test.wallet('b')];
  await test.fund(1_000_000n, a, b);
  return [a, b];
}

const refusal = (rule: string) => ({ code: 'ledger/refused', data: { violation: { rule } } });
const waiting = async () => (await test.ledger.mempool({})).items.map(({ id }) => id).sort();
/** Bytes of a transfer without a memo. */
const SIZE = 148n;

describe('replacement by fee', () => {
  it('takes what pays a step per byte more, says how much that is, and keeps what comes after it', async () => {
    const [a, b] = await openWith();
    const old = await test.transfer(a, b, 1n, { sequence: 0n, fee: 2n * SIZE });
    const after = await test.transfer(a, b, 1n, { sequence: 1n });
    await expect(test.transfer(a, b, 2n, { sequence: 0n, fee: 3n * SIZE - 1n })).rejects.toMatchObject({
      code: 'ledger/refused',
      data: {
        violation: { rule: 'mempool/replacement-fee', pending: old, minFee: (3n * SIZE).toString() },
      },
    });
    const better = await test.transfer(a, b, 2n, { sequence: 0n, fee: 3n * SIZE });
    expect(await waiting()).toEqual([better, after].sort());
    expect(await test.ledger.transaction({ id: old })).toBeNull();
    await test.mine();
    expect(await waiting()).toEqual([]);
    expect(await test.ledger.nextSequence({ account: a.account, lane: 0 })).toEqual({ sequence: '2' });
  });

  it('drops what the replacement leaves no coins for, and nothing else', async () => {
    const [a, b] = await openWith();
    await test.transfer(a, b, 1n, { sequence: 0n });
    const dear = await test.transfer(a, b, 900_000n, { sequence: 1n });
    const behind = await test.transfer(a, b, 1n, { sequence: 2n });
    const other = await test.transfer(b, a, 1n);
    const better = await test.transfer(a, b, 500_000n, { sequence: 0n, fee: 10n * SIZE });
    expect(await waiting()).toEqual([better, other].sort());
    expect(await test.ledger.transaction({ id: dear })).toBeNull();
    expect(await test.ledger.transaction({ id: behind })).toBeNull();
  });

  it('leaves everything as it was when the replacement itself does not hold', async () => {
    const [a, b] = await openWith();
    await test.transfer(a, b, 1n, { sequence: 0n });
    await test.transfer(a, b, 1n, { sequence: 1n });
    const before = await waiting();
    await expect(test.transfer(a, b, 2_000_000n, { sequence: 0n, fee: 10n * SIZE })).rejects.toMatchObject(
      refusal('coins/too-little'),
    );
    expect(await waiting()).toEqual(before);
  });

  it('is possible where the account is at its limit, and bounded between two blocks', async () => {
    const [a, b] = await openWith({ maxPerAccount: 2, maxReplacementsPerBlock: 3 });
    await test.transfer(a, b, 1n, { sequence: 0n, fee: SIZE });
    await test.transfer(a, b, 1n, { sequence: 1n });
    const again = (rate: bigint) => test.transfer(a, b, rate, { sequence: 0n, fee: rate * SIZE });
    for (const rate of [2n, 3n, 4n]) await again(rate);
    await expect(again(5n)).rejects.toMatchObject(refusal('mempool/replacement-limit'));
    await expect(test.transfer(a, b, 1n)).rejects.toMatchObject(refusal('mempool/account-limit'));
    await test.mine();
    await test.transfer(a, b, 1n, { sequence: 2n, fee: SIZE });
    await test.transfer(a, b, 1n, { sequence: 2n, fee: 2n * SIZE });
  });

  it('takes a better paid proof of the same contract and epoch', async () => {
    test = await TestLedger.open();
    const scenario = createContractScenario();
    scenario.form();
    scenario.openWindow(0);
    await feedScenario(test, scenario);
    const submit = (known: KnownTransaction) =>
      test.ledger.submitTransaction({ hex: bytesToHex(known.bytes) });
    await submit(scenario.proveTransaction({}, 10_000n));
    const { id } = await submit(scenario.proveTransaction({}, 30_000n));
    expect(await waiting()).toEqual([id]);
  });

  it('does not bring the replaced one back at a restart', async () => {
    const [a, b] = await openWith();
    await test.transfer(a, b, 1n, { sequence: 0n });
    const after = await test.transfer(a, b, 1n, { sequence: 1n });
    const better = await test.transfer(a, b, 2n, { sequence: 0n, fee: 9n * SIZE });
    await test.reopen();
    expect(await waiting()).toEqual([better, after].sort());
  });
});

describe('the fee estimate', () => {
  it('is the least fee while there is room', async () => {
    test = await TestLedger.open({ mempool: { minFeePerByte: 3n } });
    expect(await test.ledger.feeEstimate()).toEqual({
      minFeePerByte: '3',
      next: { feePerByte: '3', blocks: 1 },
      soon: { feePerByte: '3', blocks: 5 },
      economy: { feePerByte: '3', blocks: 30 },
    });
  });
});
