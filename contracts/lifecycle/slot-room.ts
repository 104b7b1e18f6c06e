import type { BlockView, ContractId } from '#chain';
import type { Violation } from '#errors';
import { dueKey, dueSpace } from './due-index.js';
import { challengeHeight, windowCloseHeight } from './schedule.js';

/**
 * Whether there is room for a new contract at the heights it will be challenged at. Ids can be ground, and what happens
 * by itself is nobody's transaction: without a bound, contracts that cost next to nothing could gather until one block
 * takes every node longer than a block may take. In the next block the same id has other heights.
 */
export function validateSlot(view: BlockView, id: ContractId): Violation | undefined {
  const { epochBlocks, maxSlotContracts } = view.params.contract;
  const first = challengeHeight(view, id, { registeredAt: view.height }, 0);
  const before = first - epochBlocks;
  // Whoever shares the slot waits for this challenge, for the one before it, or for the end of that one's window.
  const heights = [before, windowCloseHeight(view.params, before), first];
  let waiting = 0;
  for (const height of heights) waiting += view.get(dueSpace, dueKey(id, height))?.length ?? 0;
  return waiting < maxSlotContracts
    ? undefined
    : { rule: 'form/crowded', contract: id, challengedAt: first, waiting, max: maxSlotContracts };
}
