import type { StorageContract } from './contract-object.js';

/** What the next challenged epoch is paid. */
export function trancheOfNext(contract: Pick<StorageContract, 'begun' | 'nextEpoch' | 'tranche'>): bigint {
  const { begun, nextEpoch, tranche } = contract;
  return begun !== undefined && begun.epoch === nextEpoch ? begun.tranche : tranche;
}

/** What the epochs not yet challenged cost, up to `endEpoch`. */
export function trancheToCome(
  contract: Pick<StorageContract, 'begun' | 'nextEpoch' | 'endEpoch' | 'tranche'>,
): bigint {
  const { nextEpoch, endEpoch, tranche } = contract;
  if (endEpoch <= nextEpoch) return 0n;
  return trancheOfNext(contract) + tranche * BigInt(endEpoch - nextEpoch - 1);
}

/** What a contract's escrow must hold at least: all epochs to come and the open challenge. */
export function escrowDue(
  contract: Pick<StorageContract, 'begun' | 'nextEpoch' | 'endEpoch' | 'tranche' | 'window'>,
): bigint {
  const { window } = contract;
  return trancheToCome(contract) + (window === undefined || window.proven ? 0n : window.tranche);
}
