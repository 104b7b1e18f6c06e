import type { KnownBlock, KnownTransaction } from '#chain';
import type { MemoryChain } from '../../../chain/testing/memory-chain.js';
import { randomBelow } from '../../../chain/testing/seeded-random.js';
import { grow } from './forks.js';

/** So short that snapshots and pruning are always about to happen while blocks are written. */
export const CRASH_UPKEEP = { snapshotBlocks: 5, undoBlocks: 4 };

/**
 * Next blocks of a random history on a chain of the bare law: mostly one block with a few transfers, now and then a
 * branch that leaves up to three blocks behind. The chain is on the new tip afterwards; the blocks come oldest first.
 */
export function nextBlocks(chain: MemoryChain, random: () => number): KnownBlock[] {
  const left = random() < 0.25 ? Math.min(randomBelow(random, 3) + 1, chain.height) : 0;
  for (let count = 0; count < left; count++) chain.revertTip();
  const miner = chain.wallet(`miner ${randomBelow(random, 1_000_000)}`).account;
  return Array.from({ length: left + 1 }, () =>
    grow(chain, randomTransfers(chain, random), { coinbase: { miner } }),
  );
}

function randomTransfers(chain: MemoryChain, random: () => number): KnownTransaction[] {
  const faucet = chain.faucet();
  const first = chain.nextSequence(faucet);
  return Array.from({ length: randomBelow(random, 4) }, (_, index) => {
    const to = chain.wallet(`account ${randomBelow(random, 20)}`).account;
    const amount = BigInt(1 + randomBelow(random, 1_000_000));
    return chain.transfer(faucet, to, amount, { sequence: first + BigInt(index), fee: 300n });
  });
}
