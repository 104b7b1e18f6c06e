import type { Law, StateDiff } from '#chain';
import type { ChainStore, StoredBlock } from '../storage/chain-store.js';
import type { StateSnapshots } from '../storage/state-snapshots.js';
import type { BlockNode, BlockTree } from './block-tree.js';
import { loadState } from './load-state.js';
import { readUndo, reapply } from './replay.js';

/** A block the main chain is about to leave, with what it did. */
export interface LeftBlock {
  readonly node: BlockNode;
  readonly stored: StoredBlock;
  readonly diff: StateDiff;
}

/**
 * The blocks of the main chain after a fork, oldest first. Where the fork is deeper than undo data is kept, what they did
 * is made again by the law, on the state after the fork: from a snapshot before it, or from genesis.
 * @throws AppError `ledger/store-corrupt`, `ledger/store-failed`
 */
export async function readLeftBlocks(
  law: Law,
  store: ChainStore,
  tree: BlockTree,
  fork: BlockNode,
  snapshots: StateSnapshots | undefined,
): Promise<LeftBlock[]> {
  const found: { node: BlockNode; stored: StoredBlock; diff: StateDiff | undefined }[] = [];
  for (let height = fork.height + 1; height <= tree.tip.height; height++) {
    const node = tree.mainAt(height) as BlockNode;
    const stored = await store.block(node.id);
    if (stored === undefined) throw store.damaged(`block ${node.id} of the main chain is missing`);
    found.push({ node, stored, diff: readUndo(law, store, stored) });
  }
  const lastPruned = found.findLastIndex(({ diff }) => diff === undefined);
  if (lastPruned >= 0) {
    const { state } = await loadState(law, store, tree, fork, snapshots);
    for (const left of found.slice(0, lastPruned + 1)) {
      left.diff ??= reapply(law, store, tree, state, left.stored).diff;
      state.apply(left.diff);
    }
  }
  return found as LeftBlock[];
}
