import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { AccountId } from '#chain';
import { TestLedger } from '../../ledger/testing/index.js';
import { Wallet } from './wallet.js';

let chain: TestLedger;
beforeEach(async () => {
  chain = await TestLedger.open();
});
afterEach(async () => {
  await chain.close();
});

async function fundedWallet(label: string, lane?: number): Promise<Wallet> {
  const key = chain.wallet(label);
  const { ledger, law } = chain;
  await chain.fund(1_000_000n, key);
  return new Wallet({ ledger, law, key, ...(lane === undefined ? {} : { lane }) });
}

const stranger = () => chain.wallet('stranger');
const gift = (to: { account: AccountId }) => ({ to: to.account, amount: 10n, memo: new Uint8Array(0) });

describe('a wallet', () => {
  test('numbers what is submitted at once in order, and all of it is confirmed', async () => {
    const [a, b] = [await fundedWallet('a'), await fundedWallet('b')];
    const submitted = await Promise.all(Array.from({ length: 20 }, () => a.submit('transfer', gift(b))));
    expect(new Set(submitted.map(({ id }) => id)).size).toBe(20);
    await chain.mine();
    for (const one of submitted) expect((await a.confirm(one)).status).toBe('confirmed');
    expect(await b.balance()).toBe(1_000_200n);
  });

  test.each([
    ['7', undefined, 7n],
    ['0', undefined, 1n],
    ['999999999', undefined, 1_000n],
    ['7', 3n, 3n],
  ])('a node that asks for %s per byte, told %s, is paid %s', async (asked, told, paid) => {
    const key = chain.wallet('a');
    await chain.fund(1_000_000n, key);
    const price = { feePerByte: asked, blocks: 5 };
    const ledger = {
      ...chain.ledger,
      feeEstimate: async () => ({ minFeePerByte: '1', next: price, soon: price, economy: price }),
    };
    const wallet = new Wallet({ ledger, law: chain.law, key });
    const options = told === undefined ? {} : { feePerByte: told };
    const { id, hex } = await wallet.submit('transfer', gift(stranger()), options);
    const view = await chain.ledger.transaction({ id });
    expect(view?.fee).toBe((BigInt(hex.length / 2) * paid).toString());
  });

  test('goes on after the node refused one of its transactions', async () => {
    const [a, b] = [await fundedWallet('a'), await fundedWallet('b')];
    await expect(a.submit('transfer', { ...gift(b), amount: 10n ** 12n })).rejects.toMatchObject({
      code: 'ledger/refused',
    });
    const after = await a.submit('transfer', gift(b));
    await chain.mine();
    expect((await a.confirm(after)).sequence).toBe('0');
  });

  test('shares a lane with another process: asks for the number again instead of failing', async () => {
    const [one, other] = [await fundedWallet('a', 7), await fundedWallet('a', 7)];
    await one.submit('transfer', gift(stranger()));
    // Another amount: the same bytes would be the same transaction.
    await other.submit('transfer', { ...gift(stranger()), amount: 11n });
    const third = await one.submit('transfer', gift(stranger()));
    await chain.mine();
    expect((await one.confirm(third)).sequence).toBe('2');
  });

  test('two of the same key without a given lane do not block each other', async () => {
    const [one, other] = [await fundedWallet('a'), await fundedWallet('a')];
    const both = [
      await one.submit('transfer', gift(stranger())),
      await other.submit('transfer', gift(stranger())),
    ];
    await chain.mine();
    const views = await Promise.all(both.map((submitted) => one.confirm(submitted)));
    expect(new Set(views.map(({ lane }) => lane)).size).toBe(2);
  });

  test('hands a transaction in again that the node lost', async () => {
    const [a, b] = [await fundedWallet('a'), await fundedWallet('b')];
    const submitted = await a.submit('transfer', gift(b));
    // A node with the same chain that never heard of it.
    const other = await TestLedger.open();
    try {
      for (let height = 1; height <= chain.height; height++) {
        const raw = await chain.ledger.rawBlock({ ref: String(height) });
        other.clock.seconds = chain.clock.seconds;
        await other.ledger.submitBlock({ hex: raw?.hex ?? '' });
      }
      const moved = new Wallet({ ledger: other.ledger, law: other.law, key: other.wallet('a') });
      const confirmed = moved.confirm(submitted);
      while ((await other.ledger.mempool({})).items.length === 0) await new Promise(setImmediate);
      await other.mine();
      expect((await confirmed).id).toBe(submitted.id);
    } finally {
      await other.close();
    }
  });

  test('says what to do when no block comes, and stops when told to', async () => {
    const a = await fundedWallet('a');
    const submitted = await a.submit('transfer', gift(stranger()));
    await expect(a.confirm(submitted, { timeoutMs: 1 })).rejects.toMatchObject({
      code: 'wallet/not-confirmed',
      next: expect.stringContaining('mining'),
    });
    await expect(a.confirm(submitted, { signal: AbortSignal.abort() })).rejects.toMatchObject({
      name: 'AbortError',
    });
  });
});
