import type { AccountId, Law } from '#chain';
import type { LedgerPort } from '#ledger';
import type { Logger } from '#logging';
import { requireNetwork } from '#mining-work';
import type { BlockRow, PoolStore } from './pool-store.js';
import { type PayoutScheme, PPLNS_BLOCKS, splitReward, takeWindow } from './reward-split.js';

export interface MaturedBlocksOptions {
  readonly ledger: LedgerPort;
  readonly law: Law;
  readonly store: PoolStore;
  /** Whose coinbases are divided; undefined: nobody's, every miner is paid by its own. */
  readonly account: AccountId | undefined;
  readonly scheme: PayoutScheme;
  readonly feeBps: bigint;
  readonly logger?: Pick<Logger, 'info' | 'warn' | 'debug'>;
}

/** How long shares are kept at least; longer where a block may still be paid by them. */
const KEPT_MS = 30 * 24 * 3_600_000;

/**
 * Books the reward of every block the pool found, once it is as deep as a coinbase must be to be spent: who gets what
 * follows from the share log up to the share that was the block. A block that is not on the main chain then earns nothing.
 */
export class MaturedBlocks {
  constructor(private readonly options: MaturedBlocksOptions) {}

  /**
   * One round. Doing it twice books nothing twice.
   * @throws AppError of the ledger and of the store; what was done until then stands
   */
  async run(nowMs: number): Promise<void> {
    const { store, ledger, law } = this.options;
    const status = await ledger.status();
    // A node of another network knows none of the blocks: each would count as lost for good.
    requireNetwork(law.params, status);
    const tipHeight = status.tip.height;
    for (const block of await store.openBlocks()) {
      // In the order of the log: a round begins where the last paid one ended.
      if (block.height + law.params.reward.maturityBlocks > tipHeight) break;
      await this.settle(block);
    }
    await store.prune(nowMs - KEPT_MS);
  }

  private async settle(block: BlockRow): Promise<void> {
    const { store, ledger, logger, account, feeBps } = this.options;
    const { blockId, height, reward } = block;
    if ((await ledger.block({ ref: blockId }))?.onMainChain !== true) {
      await store.endUnpaid(blockId, 'orphaned');
      logger?.warn({ block: blockId, height }, 'pool: a block was lost to another branch');
    } else if (account === undefined || block.paidTo !== account) {
      await store.endUnpaid(blockId, 'solo');
    } else {
      const split = splitReward(reward, feeBps, await this.weights(block));
      if (!(await store.credit(blockId, split))) return;
      logger?.info(
        { height, reward: reward.toString(), accounts: split.credits.size },
        'pool: a block matured',
      );
    }
  }

  private async weights(block: BlockRow): Promise<Map<AccountId, bigint>> {
    const { store, scheme } = this.options;
    if (scheme === 'pplns') {
      const shares: { readonly account: AccountId; readonly hashes: bigint }[] = [];
      let hashes = 0n;
      for await (const page of store.sharesDown(block.shareSeq, 0)) {
        shares.push(...page);
        for (const share of page) hashes += share.hashes;
        if (hashes >= PPLNS_BLOCKS * block.work) break;
      }
      return takeWindow(shares, PPLNS_BLOCKS * block.work);
    }
    const weights = new Map<AccountId, bigint>();
    const since = await store.lastCreditedBefore(block.shareSeq);
    for await (const page of store.sharesDown(block.shareSeq, since)) {
      for (const { account, hashes } of page) weights.set(account, (weights.get(account) ?? 0n) + hashes);
    }
    return weights;
  }
}
