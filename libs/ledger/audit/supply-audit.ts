import { type KnownBlock, type Law, type MemoryState, potSpace } from '#chain';
import type { AuditView } from '#wire';
import type { BlockNode, BlockTree } from '../chain/block-tree.js';
import { createSerialQueue } from '../chain/serial-queue.js';
import { ShadowLedger } from './shadow-ledger.js';

/** Differences that an answer lists; more are counted. */
const MAX_DIFFERENCES = 20;

export interface SupplyAuditOptions {
  readonly law: Law;
  readonly tree: BlockTree;
  readonly state: MemoryState;
  /** Blocks of the main chain from a height on, decoded from their stored bytes. */
  readonly blocks: (fromHeight: number) => AsyncIterable<KnownBlock>;
}

/**
 * The supply audit: genesis + minted - burned, recounted from raw blocks by a bookkeeping of its own, must be what all
 * pots of the state hold, and every single pot must hold what the recount gives it. The first call replays from
 * genesis; later ones go on from there, and start again after a reorganisation.
 */
export class SupplyAudit {
  private readonly queue = createSerialQueue();
  private shadow: ShadowLedger;
  private at: BlockNode | undefined;

  constructor(private readonly options: SupplyAuditOptions) {
    this.shadow = new ShadowLedger(options.law);
  }

  /** Audits the tip of the moment it is done. */
  run(): Promise<AuditView> {
    return this.queue.run(async () => {
      while (this.at !== this.options.tree.tip) await this.follow();
      // Nothing is awaited between the last comparison of tips and this reading of the state.
      return compare(this.shadow, this.options.state);
    });
  }

  private async follow(): Promise<void> {
    const { law, tree, blocks } = this.options;
    if (this.at !== undefined && !tree.isOnMain(this.at)) {
      this.shadow = new ShadowLedger(law);
      this.at = undefined;
    }
    for await (const block of blocks(this.shadow.height + 1)) {
      const node = tree.mainAt(this.shadow.height + 1);
      if (node === undefined || node.id !== block.id || node.parent !== this.at) return;
      this.shadow.replay(block);
      this.at = node;
    }
  }
}

function compare(shadow: ShadowLedger, state: MemoryState): AuditView {
  const { coins, genesis } = shadow;
  const expectedTotal = genesis + coins.minted - coins.burned;
  const differences = [...coins.complaints];
  const pots = new Set(coins.balances.keys());
  let actualTotal = 0n;
  for (const [pot, held] of state.entries(potSpace)) {
    actualTotal += held;
    pots.add(pot);
  }
  for (const pot of [...pots].sort()) {
    const held = state.get(potSpace, pot) ?? 0n;
    const counted = coins.balance(pot);
    if (held !== counted) differences.push(`${pot} holds ${held}, the audit counts ${counted}`);
  }
  if (actualTotal !== expectedTotal) {
    differences.push(`all pots hold ${actualTotal}, genesis + minted - burned is ${expectedTotal}`);
  }
  return {
    height: shadow.height,
    blocksReplayed: shadow.height + 1,
    genesis: genesis.toString(),
    minted: coins.minted.toString(),
    burned: coins.burned.toString(),
    expectedTotal: expectedTotal.toString(),
    actualTotal: actualTotal.toString(),
    balanced: differences.length === 0,
    differences:
      differences.length > MAX_DIFFERENCES
        ? [...differences.slice(0, MAX_DIFFERENCES), `and ${differences.length - MAX_DIFFERENCES} more`]
        : differences,
  };
}
