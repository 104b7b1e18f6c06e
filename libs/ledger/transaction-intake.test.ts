import { describe, expect, it } from '@jest/globals';
import type { TxId } from '#chain';
import { AppError } from '#errors';
import { ChainManager } from './chain/chain-manager.js';
import { Mempool } from './mempool/mempool.js';
import { DEFAULT_MEMPOOL_POLICY } from './mempool/mempool-policy.js';
import { createMemoryChainStore } from './storage/memory-chain-store.js';
import { newChain } from './testing/forks.js';
import { TransactionIntake } from './transaction-intake.js';

describe('transactions that come in while the disk is full', () => {
  it('are acknowledged, and told of, only once they are written', async () => {
    const chain = newChain();
    const { law } = chain;
    const store = createMemoryChainStore();
    const verifyBatch = async (checks: Parameters<typeof law.crypto.verifyBatch>[0]) =>
      law.crypto.verifyBatch(checks);
    const manager = await ChainManager.open({ law, store, verifyBatch, clock: () => 2 ** 32 });
    const mempool = new Mempool({ law, chain: manager, verifyBatch, policy: DEFAULT_MEMPOOL_POLICY });
    let isFull = true;
    const intake = new TransactionIntake(mempool, {
      async addPending(id, bytes) {
        if (isFull) throw new AppError({ code: 'ledger/store-failed', message: 'the disk is full' });
        await store.addPending(id, bytes);
      },
      removePending: (ids) => store.removePending(ids),
    });
    const told: TxId[] = [];
    intake.onTransaction(({ id }) => told.push(id));
    const known = chain.transfer(chain.faucet(), chain.wallet('x').account, 5n, { fee: 1_000n });
    const failure = { code: 'ledger/store-failed' };
    await expect(intake.submit(known.bytes)).rejects.toMatchObject(failure);
    await expect(intake.submit(known.bytes)).rejects.toMatchObject(failure);
    expect([told, await store.pending()]).toEqual([[], []]);
    isFull = false;
    expect(await intake.submit(known.bytes)).toMatchObject({ ok: true });
    expect([told, (await store.pending()).map(({ id }) => id)]).toEqual([[known.id], [known.id]]);
    expect(await intake.submit(known.bytes)).toMatchObject({ ok: true, value: { isNew: false } });
    expect(told).toEqual([known.id]);
  });
});
