import type { NetworkParams } from '#chain';
import type { StorageContract } from '../lifecycle/contract-object.js';
import { escrowDue, trancheOfNext } from '../lifecycle/escrow.js';
import { epochsBegun } from '../lifecycle/schedule.js';
import { trancheOf } from '../money/price.js';

/** The contract's part of a drop's price. */
export type DroppingContract = Pick<
  StorageContract,
  | 'registeredAt'
  | 'basePerEpoch'
  | 'pricePerGiBEpoch'
  | 'tranche'
  | 'begun'
  | 'nextEpoch'
  | 'endEpoch'
  | 'window'
  | 'totalBytes'
>;

/** What a drop gives back; base units. */
export interface DropPrice {
  /** Price of each epoch that has not begun. */
  readonly tranche: bigint;
  /** The epoch that has begun and is not challenged yet: still paid at the price it began with. */
  readonly begun: StorageContract['begun'];
  /** Returns to the client at once. */
  readonly refund: bigint;
}

/** The price of a contract after bytes were dropped at a height. */
export function priceDrop(
  params: NetworkParams,
  contract: DroppingContract,
  bytesDropped: bigint,
  height: number,
): DropPrice {
  const { basePerEpoch, pricePerGiBEpoch, nextEpoch } = contract;
  const totalBytes = contract.totalBytes - bytesDropped;
  const tranche = trancheOf({ basePerEpoch, pricePerGiBEpoch, totalBytes });
  const hasBegun = nextEpoch < contract.endEpoch && nextEpoch < epochsBegun(params, contract, height);
  const begun = hasBegun ? { epoch: nextEpoch, tranche: trancheOfNext(contract) } : undefined;
  return {
    tranche,
    begun,
    refund: escrowDue(contract) - escrowDue({ ...contract, tranche, begun }),
  };
}
