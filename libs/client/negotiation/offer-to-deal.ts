import { type AccountId, type NetworkParams, parseAccount } from '#chain';
import { assertInvariant } from '#errors';
import type { CounterTerms, OfferView } from '#wire';

/** Blocks within which an agreement on quoted terms must be on chain. */
const FORM_WITHIN_BLOCKS = 60;

/** A provider's offer on chain as terms to propose. */
export function offerToDeal(params: NetworkParams, offer: OfferView, height: number): CounterTerms {
  return {
    offerNumber: BigInt(offer.number),
    basePerEpoch: BigInt(offer.basePerEpoch),
    pricePerGiBEpoch: BigInt(offer.pricePerGiBEpoch),
    pricePerGiBRead: BigInt(offer.pricePerGiBRead),
    freeReadBytesPerEpoch: BigInt(offer.freeReadBytesPerEpoch),
    collateralBps: offer.collateralBps,
    minEpochs: offer.minEpochs,
    maxEpochs: offer.maxEpochs,
    payout: payoutOf(params, offer.payout),
    latestFormBy: height + FORM_WITHIN_BLOCKS,
  };
}

function payoutOf(params: NetworkParams, address: string): AccountId {
  const account = parseAccount(params, address);
  assertInvariant(account.ok, `the node gave '${address}' as a payout address`);
  return account.value;
}
