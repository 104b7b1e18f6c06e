import type { Law } from '#chain';
import type { ChainStore } from '../storage/chain-store.js';
import type { SnapshotPoint, StateSnapshots } from '../storage/state-snapshots.js';
import type { BlockNode, BlockTree } from './block-tree.js';
import { LedgerState } from './ledger-state.js';
import { readUndo, replayMain } from './replay.js';

/** A state of the main chain, and the snapshot it was made from. */
export interface LoadedState {
  readonly state: LedgerState;
  readonly snapshot: SnapshotPoint | undefined;
}

/** How far after the wanted block a snapshot may be: going back over undo data costs as much as going forward. */
const MAX_BACK_BLOCKS = 200;

/**
 * The state after a block of the main chain: from the newest snapshot near or before it, otherwise from genesis, and on
 * over the blocks between by what they did or, where that was pruned, by the law.
 * @throws AppError `ledger/store-corrupt`, `ledger/store-failed`
 */
export async function loadState(
  law: Law,
  store: ChainStore,
  tree: BlockTree,
  target: BlockNode,
  snapshots: StateSnapshots | undefined,
  maxBackBlocks = MAX_BACK_BLOCKS,
): Promise<LoadedState> {
  const limit = target.height + maxBackBlocks;
  const snapshot = await snapshots?.newest(
    ({ id, height }) => height <= limit && tree.mainAt(height)?.id === id,
  );
  const state = snapshot?.state ?? new LedgerState();
  const height = snapshot?.height ?? -1;
  if (height > target.height && !(await goBack(law, store, tree, state, height, target))) {
    // Undo data was pruned: one from before the block needs none.
    return loadState(law, store, tree, target, snapshots, 0);
  }
  await replayMain(law, store, tree, state, Math.min(height, target.height) + 1, target);
  return { state, snapshot };
}

async function goBack(
  law: Law,
  store: ChainStore,
  tree: BlockTree,
  state: LedgerState,
  fromHeight: number,
  target: BlockNode,
): Promise<boolean> {
  for (let height = fromHeight; height > target.height; height--) {
    const node = tree.mainAt(height) as BlockNode;
    const stored = await store.block(node.id);
    if (stored === undefined) throw store.damaged(`block ${node.id} of the main chain is missing`);
    const undo = readUndo(law, store, stored);
    if (undo === undefined) return false;
    state.revert(undo);
  }
  return true;
}
