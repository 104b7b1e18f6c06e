import type { Law } from '#chain';
import { ChainManager } from '../chain/chain-manager.js';
import type { ChainAccess } from '../chain-access.js';
import { createChainAccess } from '../create-chain-access.js';
import { Mempool } from '../mempool/mempool.js';
import { DEFAULT_MEMPOOL_POLICY } from '../mempool/mempool-policy.js';
import type { ChainStore } from '../storage/chain-store.js';
import { createMemoryChainStore } from '../storage/memory-chain-store.js';
import { TransactionIntake } from '../transaction-intake.js';

/** A ledger without disk and threads: nothing in it waits for anything but its own promises. */
export interface MemoryNode {
  readonly law: Law;
  readonly chain: ChainManager;
  readonly mempool: Mempool;
  readonly access: ChainAccess;
}

/** Opens one on a store, which may have been another one's before. */
export async function openMemoryNode(
  law: Law,
  /** Seconds since 1970. */
  clock: () => number,
  store: ChainStore = createMemoryChainStore(),
): Promise<MemoryNode> {
  const verifyBatch = async (checks: Parameters<typeof law.crypto.verifyBatch>[0]) =>
    law.crypto.verifyBatch(checks);
  const chain = await ChainManager.open({ law, store, verifyBatch, clock });
  const mempool = new Mempool({ law, chain, verifyBatch, policy: DEFAULT_MEMPOOL_POLICY });
  chain.onChange((change) => mempool.chainChanged(change));
  const intake = new TransactionIntake(mempool, store);
  return { law, chain, mempool, access: createChainAccess({ chain, mempool, intake }) };
}
