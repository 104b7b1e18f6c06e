import type { AppliedBlock, KnownBlock, StateDiff } from '#chain';
import type { BlockNode } from './block-tree.js';

/** A block that became part of the main chain, with what it did. */
export interface ConnectedBlock {
  readonly node: BlockNode;
  readonly block: KnownBlock;
  readonly applied: AppliedBlock;
}

/** The main chain moved: one block on, or over to another branch. */
export interface ChainChange {
  /** Where both branches part; the old tip where the chain only grew. */
  readonly fork: BlockNode;
  /** Blocks that left the main chain, oldest first, with what they had changed. */
  readonly left: readonly {
    readonly node: BlockNode;
    readonly block: KnownBlock;
    readonly diff: StateDiff;
  }[];
  /** Blocks that joined it, oldest first. */
  readonly joined: readonly ConnectedBlock[];
}

/** Called after disk and memory agree, before the next block is looked at. Must not throw. */
export type ChainListener = (change: ChainChange) => void;
