import type { ChallengeWindow, RevisedContract } from '#contracts';
import { hexToBytes } from '#crypto';
import type { ContractView } from './views/contract-views.js';

/** A contract as the law's arithmetic takes it: prices of revisions, drops and renewals follow from it. */
export function viewToContractTerms(view: ContractView): RevisedContract & {
  readonly registeredAt: number;
} {
  return {
    registeredAt: view.registeredAt,
    basePerEpoch: BigInt(view.basePerEpoch),
    pricePerGiBEpoch: BigInt(view.pricePerGiBEpoch),
    tranche: BigInt(view.tranche),
    begun: view.begun === null ? undefined : { ...view.begun, tranche: BigInt(view.begun.tranche) },
    nextEpoch: view.nextEpoch,
    endEpoch: view.endEpoch,
    epochs: view.epochs,
    leafCount: view.leafCount,
    totalBytes: BigInt(view.totalBytes),
    window: windowOf(view),
    lots: view.lots.map(({ proven, ...lot }) => ({
      ...lot,
      isProven: proven,
      burned: BigInt(lot.burned),
      minted: BigInt(lot.minted),
      inclusion: BigInt(lot.inclusion),
      perEpoch: BigInt(lot.perEpoch),
      bytes: BigInt(lot.bytes),
      droppedBytes: BigInt(lot.droppedBytes),
    })),
  };
}

function windowOf({ window }: ContractView): ChallengeWindow | undefined {
  if (window === null) return undefined;
  const { epoch, challengeHeight, root, leafCount, totalChunks, tranche, proven } = window;
  return {
    epoch,
    challengeHeight,
    root: hexToBytes(root),
    leafCount,
    totalChunks: BigInt(totalChunks),
    tranche: BigInt(tranche),
    proven,
  };
}
