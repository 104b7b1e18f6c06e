import { type BlockId, bitsToWork, type KnownBlock, type NetworkParams } from '#chain';
import { contractsModule } from '#contracts';
import { createMemoryChain, type MemoryChain } from '../../chain/testing/memory-chain.js';

/** One move over a tree of blocks: go back from some tip, then mine. */
export interface Branching {
  /** Which of the tips so far it starts from. */
  readonly from: number;
  /** Blocks below that tip. */
  readonly depth: number;
  /** Mines as many blocks as it goes back, so that both branches weigh nearly the same. */
  readonly isRival: boolean;
  /** Transfers in each of the blocks mined on top. */
  readonly transfers: readonly number[];
  /** Seconds by which the blocks lag behind the pace of the network: their difficulty differs then. */
  readonly lateSeconds: number;
}

interface Known {
  readonly block: KnownBlock;
  readonly parent: BlockId;
  readonly totalWork: bigint;
}

/** A tree of valid blocks, mined by the law alone, in the order they came to be. */
export class BlockTreeHistory {
  readonly chain: MemoryChain;
  readonly blocks: KnownBlock[] = [];
  private readonly known = new Map<BlockId, Known>();
  private readonly tips: BlockId[] = [];
  private miners = 0;

  constructor(params: NetworkParams) {
    this.chain = createMemoryChain([contractsModule], params);
    const genesis = this.chain.at(0).block;
    this.known.set(genesis.id, { block: genesis, parent: genesis.id, totalWork: work(genesis) });
    this.tips.push(genesis.id);
  }

  play({ from, depth, isRival, transfers, lateSeconds }: Branching): void {
    this.moveTo(this.tips[from % this.tips.length] as BlockId);
    const back = Math.min(depth, this.chain.height);
    for (let count = 0; count < back; count++) this.chain.revertTip();
    const mined = isRival ? Math.max(1, back) : transfers.length;
    for (let index = 0; index < mined; index++) {
      this.mine(transfers[index % transfers.length] as number, lateSeconds);
    }
    this.tips.push(this.chain.tip.block.id);
  }

  /** Makes one tip lead all blocks beside its own chain by the margin of fork choice; it is the chain's tip then. */
  decide(): void {
    const heaviest = [...this.known.values()].reduce((a, b) => (b.totalWork > a.totalWork ? b : a));
    this.moveTo(heaviest.block.id);
    while (!this.isDecided()) this.mine(0, 0);
  }

  private isDecided(): boolean {
    const { totalWork } = this.known.get(this.chain.tip.block.id) as Known;
    const main = new Set(this.path(this.chain.tip.block.id));
    return [...this.known.values()].every(
      (other) => main.has(other.block.id) || (totalWork - other.totalWork) * 5n > work(other.block),
    );
  }

  private mine(transfers: number, lateSeconds: number): void {
    const { chain } = this;
    const faucet = chain.faucet();
    const first = chain.nextSequence(faucet);
    const transactions = Array.from({ length: transfers }, (_, index) =>
      chain.transfer(faucet, chain.wallet(`account ${index}`).account, BigInt(1 + this.miners), {
        sequence: first + BigInt(index),
      }),
    );
    // A miner of its own makes siblings differ.
    this.miners += 1;
    const miner = chain.wallet(`miner ${this.miners}`).account;
    const time = chain.tip.block.header.time + chain.law.params.proofOfWork.blockSeconds + lateSeconds;
    const block = chain.draft(transactions, { coinbase: { miner }, header: { time } });
    const added = chain.add(block);
    if (!added.ok) throw new Error(`own block refused: ${added.violation.rule}`);
    const parent = this.known.get(chain.at(chain.height - 1).block.id) as Known;
    this.known.set(block.id, { block, parent: parent.block.id, totalWork: parent.totalWork + work(block) });
    this.blocks.push(block);
  }

  private moveTo(id: BlockId): void {
    const path = this.path(id);
    while (!path.includes(this.chain.tip.block.id)) this.chain.revertTip();
    for (const next of path.slice(this.chain.height + 1)) {
      const added = this.chain.add((this.known.get(next) as Known).block);
      if (!added.ok)
        throw new Error(`a block that was taken back does not go on again: ${added.violation.rule}`);
    }
  }

  /** Ids from genesis to a block. */
  private path(id: BlockId): BlockId[] {
    const ids = [id];
    for (
      let at = this.known.get(id) as Known;
      at.parent !== at.block.id;
      at = this.known.get(at.parent) as Known
    )
      ids.push(at.parent);
    return ids.reverse();
  }
}

function work(block: KnownBlock): bigint {
  return bitsToWork(block.header.bits);
}
