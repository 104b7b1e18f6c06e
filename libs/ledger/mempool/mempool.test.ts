import { afterEach, describe, expect, it } from '@jest/globals';
import { accountPot, type KnownTransaction, potSpace } from '#chain';
import { bytesToHex } from '#crypto';
import { createContractScenario } from '../../../contracts/testing/contract-scenario.js';
import type { OpenLedgerOptions } from '../embedded-ledger.js';
import { feedScenario } from '../testing/market-scene.js';
import { TestLedger, type Wallet } from '../testing/test-ledger.js';

let test: TestLedger;
afterEach(async () => {
  await test.close();
});

async function openWith(
  mempool: OpenLedgerOptions['mempool'] = {},
): Promise<readonly [Wallet, Wallet, Wallet]> {
  test = await TestLedger.open({ mempool });
  const wallets = ['a', 'b', 'c'].map((label) => test.wallet(label));
  await test.fund(1_000_000n, ...wallets);
  return wallets as unknown as readonly [Wallet, Wallet, Wallet];
}

const refusal = (rule: string) => ({ code: 'ledger/refused', data: { violation: { rule } } });
const waiting = async () => (await test.ledger.mempool({})).items.map(({ id }) => id);
const minedIds = async () => (await test.ledger.block({ ref: String(test.height) }))?.transactionIds ?? [];

describe('what the mempool takes', () => {
  it('asks a fee per byte and says how much', async () => {
    const [a, b] = await openWith();
    const sizeBytes = 148;
    await expect(test.transfer(a, b, 1n, { fee: BigInt(sizeBytes) - 1n })).rejects.toMatchObject({
      code: 'ledger/refused',
      data: { violation: { rule: 'mempool/fee-too-low', fee: '147', minFee: '148', sizeBytes } },
    });
    await test.transfer(a, b, 1n, { fee: BigInt(sizeBytes) });
  });

  it('queues a lane in sequence, refuses gaps and used numbers, and keeps lanes apart', async () => {
    const [a, b] = await openWith();
    const first = await test.transfer(a, b, 1n, { sequence: 0n });
    await expect(test.transfer(a, b, 1n, { sequence: 2n })).rejects.toMatchObject(refusal('tx/sequence-gap'));
    await expect(test.transfer(a, b, 2n, { sequence: 0n })).rejects.toMatchObject(
      refusal('mempool/replacement-fee'),
    );
    const other = await test.transfer(a, b, 1n, { lane: 7, sequence: 0n });
    const second = await test.transfer(a, b, 1n, { sequence: 1n });
    expect(await test.ledger.nextSequence({ account: a.account, lane: 0 })).toEqual({ sequence: '2' });
    await test.mine();
    expect([...(await minedIds())].sort()).toEqual([first, second, other].sort());
  });

  it('counts what waits against the balance', async () => {
    const [a, b] = await openWith();
    await test.transfer(a, b, 999_000n);
    await expect(test.transfer(a, b, 999_000n)).rejects.toMatchObject(refusal('coins/too-little'));
  });

  it('takes the same bytes again as the same transaction', async () => {
    const [a, b] = await openWith();
    const id = await test.transfer(a, b, 1n);
    const hex = (await test.ledger.transaction({ id }))?.hex ?? '';
    expect(await test.ledger.submitTransaction({ hex })).toEqual({ id });
    expect(await waiting()).toEqual([id]);
    await test.mine();
    await expect(test.ledger.submitTransaction({ hex })).rejects.toMatchObject(refusal('tx/sequence-used'));
  });

  it('limits what one account may have waiting', async () => {
    const [a, b, c] = await openWith({ maxPerAccount: 3 });
    for (let count = 0; count < 3; count++) await test.transfer(a, b, 1n);
    await expect(test.transfer(a, b, 1n)).rejects.toMatchObject(refusal('mempool/account-limit'));
    await test.transfer(c, b, 1n);
  });

  it('holds one proof of a contract and epoch, names the other, and drops it when its window has closed', async () => {
    test = await TestLedger.open();
    const scenario = createContractScenario();
    scenario.form();
    scenario.openWindow(0);
    await feedScenario(test, scenario);
    const submit = (known: KnownTransaction) =>
      test.ledger.submitTransaction({ hex: bytesToHex(known.bytes) });
    const { id } = await submit(scenario.proveTransaction({}, 10_000n));
    await expect(submit(scenario.proveTransaction({}, 10_001n))).rejects.toMatchObject({
      code: 'ledger/refused',
      data: { violation: { rule: 'mempool/replacement-fee', pending: id } },
    });
    scenario.missEpoch(0);
    await feedScenario(test, scenario);
    expect(await waiting()).toEqual([]);
  });

  it('refuses bytes that are no transaction', async () => {
    await openWith();
    await expect(test.ledger.submitTransaction({ hex: 'ffff' })).rejects.toMatchObject(
      refusal('tx/unknown-kind'),
    );
    await expect(test.ledger.submitTransaction({ hex: 'xyz' })).rejects.toMatchObject(refusal('codec/hex'));
    const huge = '00'.repeat(test.law.params.limits.maxTransactionBytes + 1);
    await expect(test.ledger.submitTransaction({ hex: huge })).rejects.toMatchObject(
      refusal('codec/too-large'),
    );
  });
});

describe('what the mempool gives up', () => {
  it('makes room for better fees, from the ends of lanes, and refuses what pays less', async () => {
    const [a, b, c] = await openWith({ maxSizeBytes: 4 * 148 });
    const cheap = await test.transfer(a, b, 1n, { fee: 200n });
    const cheapNext = await test.transfer(a, b, 1n, { fee: 300n });
    await test.transfer(b, c, 1n, { fee: 1_000n });
    await test.transfer(b, c, 1n, { fee: 1_000n });
    await expect(test.transfer(c, a, 1n, { fee: 148n })).rejects.toMatchObject(refusal('mempool/full'));
    const rich = await test.transfer(c, a, 1n, { fee: 5_000n });
    const left = await waiting();
    expect(left).toContain(rich);
    expect(left).not.toContain(cheapNext);
    if (left.includes(cheap)) expect(left).toHaveLength(4);
  });

  it('gives up nothing for a transaction that cannot be paid', async () => {
    const [a, b, c] = await openWith({ maxSizeBytes: 4 * 148 });
    for (const from of [a, b, c, a]) await test.transfer(from, b === from ? c : b, 1n, { fee: 200n });
    const before = await waiting();
    expect(before).toHaveLength(4);
    await expect(
      test.transfer(test.wallet('penniless'), a, 1n, { sequence: 0n, fee: 1_000_000_000n }),
    ).rejects.toMatchObject(refusal('coins/too-little'));
    expect(await waiting()).toEqual(before);
  });

  it('drops what no block took for too long', async () => {
    const [a, b] = await openWith({ expiryBlocks: 3 });
    const id = await test.transfer(a, b, 1n);
    const other = await TestLedger.open();
    try {
      // Blocks of a miner that leaves everything out.
      for (let height = 1; height <= test.height; height++) await copyBlock(test, other, height);
      for (let count = 0; count < 3; count++) {
        expect(await waiting()).toEqual([id]);
        await other.mine();
        await copyBlock(other, test, other.height);
      }
    } finally {
      await other.close();
    }
    expect(await waiting()).toEqual([]);
    expect(await test.ledger.transaction({ id })).toBeNull();
  });

  it('keeps what was acknowledged over a restart', async () => {
    const [a, b] = await openWith();
    const ids = [await test.transfer(a, b, 1n), await test.transfer(a, b, 2n), await test.transfer(b, a, 3n)];
    await test.reopen();
    expect([...(await waiting())].sort()).toEqual([...ids].sort());
    await test.mine();
    await test.reopen();
    expect(await waiting()).toEqual([]);
  });
});

describe('the order in a block', () => {
  it('is best fee per byte first, and every lane in its sequence', async () => {
    const [a, b, c] = await openWith();
    const low = await test.transfer(a, c, 1n, { fee: 200n });
    const highBehindLow = await test.transfer(a, c, 1n, { fee: 9_000n });
    const middle = await test.transfer(b, c, 1n, { fee: 500n });
    const top = await test.transfer(a, c, 1n, { lane: 1, fee: 700n });
    await test.mine();
    expect(await minedIds()).toEqual([top, middle, low, highBehindLow]);
  });

  it('takes a transaction together with the cheaper one that pays for it', async () => {
    const [a] = await openWith();
    const poor = test.wallet('poor');
    const gift = await test.transfer(a, poor, 10_000n, { fee: 200n });
    const spent = await test.transfer(poor, a, 1_000n, { fee: 5_000n });
    await test.mine();
    expect(await minedIds()).toEqual([gift, spent]);
    expect(test.ledger.chain.state.get(potSpace, accountPot(poor.account))).toBe(4_000n);
  });
});

async function copyBlock(from: TestLedger, to: TestLedger, height: number): Promise<void> {
  const raw = await from.ledger.rawBlock({ ref: String(height) });
  to.clock.seconds = Math.max(to.clock.seconds, from.clock.seconds);
  await to.ledger.submitBlock({ hex: raw?.hex ?? '' });
}
