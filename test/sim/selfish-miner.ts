import type { AccountId, KnownBlock } from '#chain';
import { createMemoryChainStore } from '#ledger';
import { ChainManager } from '../../libs/ledger/chain/chain-manager.js';
import type { SimNode } from './sim-node.js';

/** Blocks held back at most: a longer lead is shown before somebody else's luck makes it worthless. */
const MAX_LEAD = 5;

/**
 * A miner who keeps what it finds and shows it when the others come close (Eyal and Sirer, 2013). It follows the network
 * with a node that behaves, and mines on a chain of its own.
 */
export class SelfishMiner {
  private held: KnownBlock[] = [];
  private own: ChainManager | undefined;
  released = 0;

  constructor(
    private readonly node: SimNode,
    private readonly account: AccountId,
    private readonly options: Omit<Parameters<typeof ChainManager.open>[0], 'store'>,
  ) {}

  /** Found one: it is held back. */
  async mine(): Promise<void> {
    const own = await this.followed();
    const block = this.node.draft(this.account, {}, own);
    const taken = await own.submitBlock(block.bytes);
    if (!taken.ok) throw new Error(`a held block is no good: ${taken.violation.rule}`);
    this.held.push(block);
    if (this.lead() >= MAX_LEAD) await this.release();
  }

  /** The public chain moved: shows what is held while it still wins. */
  async watch(): Promise<void> {
    if (this.held.length > 0 && this.lead() <= 1) await this.release();
  }

  private lead(): number {
    return (this.own?.tip.height ?? 0) - this.node.parts.chain.tip.height;
  }

  private async release(): Promise<void> {
    const blocks = this.held;
    this.held = [];
    for (const block of blocks) {
      await this.node.parts.access.submitBlock(block.bytes);
      this.released += 1;
    }
  }

  /** The chain it mines on: the public one, and what it holds back on top. */
  private async followed(): Promise<ChainManager> {
    this.own ??= await ChainManager.open({ ...this.options, store: createMemoryChainStore('selfish') });
    const { own } = this;
    const { chain } = this.node.parts;
    if (this.held.length === 0 || this.lead() < 0) {
      this.held = [];
      let from = Math.min(own.tip.height, chain.tip.height);
      while (chain.tree.mainAt(from)?.id !== own.tree.mainAt(from)?.id) from -= 1;
      for await (const block of chain.mainBlocks(from + 1)) await own.submitBlock(block.bytes);
    }
    return own;
  }
}
