import type { NetworkParams } from '#chain';
import type { StorageContract } from '../lifecycle/contract-object.js';
import { escrowDue } from '../lifecycle/escrow.js';
import { type BurnLot, openLot } from '../money/lot.js';
import { burnFor, shareOfUp, trancheOf } from '../money/price.js';

/** What a revision makes of a contract. */
export interface RevisedTerms {
  readonly leafCount: number;
  /** Of the leaves that are not tombstones. */
  readonly totalBytes: bigint;
  /** The whole term. */
  readonly epochs: number;
}

/** The contract's part of a revision's price. */
export type RevisedContract = Pick<
  StorageContract,
  | 'basePerEpoch'
  | 'pricePerGiBEpoch'
  | 'tranche'
  | 'begun'
  | 'nextEpoch'
  | 'endEpoch'
  | 'epochs'
  | 'window'
  | 'leafCount'
  | 'totalBytes'
  | 'lots'
>;

/** What a revision costs and binds; base units. */
export interface RevisionPrice {
  readonly bytesAdded: bigint;
  readonly epochsAdded: number;
  /** Price of each epoch not yet challenged, afterwards. */
  readonly tranche: bigint;
  readonly begun: StorageContract['begun'];
  readonly endEpoch: number;
  /** What the escrow must hold afterwards. */
  readonly escrowDue: bigint;
  /** What the client adds to it. */
  readonly escrowAdded: bigint;
  /** What the client burns. */
  readonly burn: bigint;
  /** Least the provider's collateral must be afterwards, where fragments or epochs are added. */
  readonly minCollateral: bigint;
  /** The open lots afterwards: one more for an append, one more for an extension. */
  readonly lots: readonly BurnLot[];
}

/**
 * The price of a revision at a burn price. Appended bytes are paid from the next epoch to be challenged on, an extension
 * moves the end by as many epochs as the term grows. Exact integers; the caller bounds them.
 */
export function priceRevision(
  params: NetworkParams,
  contract: RevisedContract,
  revised: RevisedTerms,
  burnPerGiBEpoch: bigint,
): RevisionPrice {
  const { basePerEpoch, pricePerGiBEpoch, nextEpoch } = contract;
  const bytesAdded = revised.totalBytes - contract.totalBytes;
  const epochsAdded = revised.epochs - contract.epochs;
  const endEpoch = contract.endEpoch + epochsAdded;
  const tranche = trancheOf({ basePerEpoch, pricePerGiBEpoch, totalBytes: revised.totalBytes });
  // An epoch that began before a drop keeps the price it began with; what is appended comes on top.
  const begun = contract.begun && {
    ...contract.begun,
    tranche: contract.begun.tranche + tranche - contract.tranche,
  };
  const due = escrowDue({ ...contract, begun, tranche, endEpoch });
  const bought = [
    {
      firstEpoch: nextEpoch,
      endEpoch,
      firstLeaf: contract.leafCount,
      leafCount: revised.leafCount - contract.leafCount,
      bytes: bytesAdded,
    },
    {
      firstEpoch: contract.endEpoch,
      endEpoch,
      firstLeaf: 0,
      leafCount: contract.leafCount,
      bytes: contract.totalBytes,
    },
  ].filter((lot) => lot.leafCount > 0 && lot.firstEpoch < lot.endEpoch);
  const opened = bought.map((lot) =>
    openLot(params, { ...lot, burned: burnFor(burnPerGiBEpoch, lot.bytes, lot.endEpoch - lot.firstEpoch) }),
  );
  return {
    bytesAdded,
    epochsAdded,
    tranche,
    begun,
    endEpoch,
    escrowDue: due,
    escrowAdded: due - escrowDue(contract),
    burn: opened.reduce((sum, { burned }) => sum + burned, 0n),
    minCollateral: shareOfUp(due, params.contract.minCollateralBps),
    lots: [...contract.lots, ...opened],
  };
}
