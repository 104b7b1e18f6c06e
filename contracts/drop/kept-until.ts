import type { NetworkParams } from '#chain';
import type { StorageContract } from '../lifecycle/contract-object.js';
import { settleHeight, windowCloseHeight } from '../lifecycle/schedule.js';

/**
 * Last height at which the chain may still ask for a fragment that a block at `droppedAt` dropped: an open challenge was
 * drawn from the list as it was, and asks for it until its window closes, also when its proof has come (a reorg may take
 * that back). Later draws do not. `settleDelayBlocks` more cover a reorg of the drop itself.
 */
export function droppedKeptUntil(
  params: NetworkParams,
  contract: Pick<StorageContract, 'window'>,
  droppedAt: number,
): number {
  const { window } = contract;
  const closesAt = window === undefined ? droppedAt : windowCloseHeight(params, window.challengeHeight);
  return Math.max(droppedAt, closesAt) + params.contract.settleDelayBlocks;
}

/** Last height at which the chain may ask for what a contract still lists: the one that settles it. */
export function contractKeptUntil(
  params: NetworkParams,
  contract: Pick<StorageContract, 'registeredAt' | 'endEpoch' | 'settledAt'>,
): number {
  return contract.settledAt ?? settleHeight(params, contract);
}
