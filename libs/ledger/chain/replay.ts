import {
  type AppliedBlock,
  applyBlock,
  applyGenesis,
  type BlockId,
  decodeBlock,
  decodeDiff,
  type Law,
  type MemoryState,
  readBlockCoinbase,
  type StateDiff,
  StateTree,
  type VerifiedBlock,
} from '#chain';
import { bytesToHex } from '#crypto';
import { violationToText } from '#errors';
import type { ChainStore, StoredBlock } from '../storage/chain-store.js';
import type { BlockNode, BlockTree } from './block-tree.js';

/** The diff of a stored block, or undefined where it was pruned. */
export function readUndo(law: Law, store: ChainStore, stored: StoredBlock): StateDiff | undefined {
  if (stored.undo === undefined) return undefined;
  const diff = decodeDiff(law.namespaces, stored.undo);
  if (!diff.ok) {
    throw store.damaged(`the undo data of block ${stored.id} does not decode (${diff.violation.rule})`);
  }
  return diff.value;
}

/** What a block of the main chain did, by the law itself, on the state after its parent. */
export function reapply(
  law: Law,
  store: ChainStore,
  tree: BlockTree,
  state: MemoryState,
  stored: StoredBlock,
): AppliedBlock {
  if (stored.height === 0) return applyGenesis(law);
  const block = decodeBlock(law, stored.bytes);
  if (!block.ok) throw store.damaged(`block ${stored.id} does not decode (${block.violation.rule})`);
  const parent = tree.get(stored.parentId);
  if (block.value.id !== stored.id || parent === undefined)
    throw store.damaged(`block ${stored.id} hashes to ${block.value.id}`);
  // Its signatures and its state root were checked before it was stored, and its digest since.
  const supplement = tree.supplement(parent, block.value.coinbase.stateRoot);
  const applied = applyBlock(law, state, block.value as VerifiedBlock, supplement);
  if (!applied.ok)
    throw store.damaged(`block ${stored.id} breaks a rule: ${violationToText(applied.violation)}`);
  return applied.value;
}

/**
 * The tree over a state that `replayMain` brought to `base`, taken forward with it to the tip, so that as many versions
 * as a running node keeps can be proven again. What the last blocks commit to must be what comes out.
 */
export async function replayStateTree(
  law: Law,
  store: ChainStore,
  tree: BlockTree,
  state: MemoryState,
  base: BlockNode,
): Promise<StateTree> {
  const stateTree = StateTree.ofState(law, state);
  await replayMain(law, store, tree, state, base.height + 1, tree.tip, (stored, diff) => {
    const coinbase = readBlockCoinbase(stored.bytes);
    if (!coinbase.ok) throw store.damaged(`block ${stored.id} does not decode (${coinbase.violation.rule})`);
    const expected = bytesToHex(coinbase.value.stateRoot);
    const root = bytesToHex(stateTree.root);
    if (root !== expected)
      throw store.damaged(
        `the state before block ${stored.id} has the root ${root}, the block says ${expected}`,
      );
    stateTree.apply(diff);
  });
  return stateTree;
}

/**
 * Takes a state forward over blocks of the main chain, by their stored diffs or, where those were pruned, by the law.
 * @param fromHeight first block to apply
 * @param last last block to apply; default: the tip
 * @param follow told of each block before the next one
 */
export async function replayMain(
  law: Law,
  store: ChainStore,
  tree: BlockTree,
  state: MemoryState,
  fromHeight: number,
  last: BlockNode = tree.tip,
  follow: (stored: StoredBlock, diff: StateDiff) => void = () => undefined,
): Promise<void> {
  let next = fromHeight;
  if (next > last.height) return;
  for await (const stored of store.mainBlocks(next)) {
    if (tree.mainAt(next)?.id !== (stored.id as BlockId))
      throw store.damaged(`block ${stored.id} is not the one at height ${next}`);
    const diff = readUndo(law, store, stored) ?? reapply(law, store, tree, state, stored).diff;
    state.apply(diff);
    follow(stored, diff);
    next += 1;
    if (next > last.height) return;
  }
  throw store.damaged(`it ends at height ${next - 1}, its tip is at ${last.height}`);
}
