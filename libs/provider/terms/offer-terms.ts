import type { CounterTerms, OfferView } from '#wire';
import type { ProviderContext } from '../provider-context.js';
import type { PromisedPrices } from '../records/negotiation-records.js';

/** What terms follow from. */
export interface OfferNow {
  readonly offer: OfferView;
  readonly height: number;
  readonly promised: PromisedPrices | undefined;
}

/** What the provider would sign now: its offer on chain, at the prices it promised where those are lower. */
export function offerToTerms(
  { account, limits }: Pick<ProviderContext, 'account' | 'limits'>,
  { offer, height, promised }: OfferNow,
): CounterTerms {
  const offered = {
    basePerEpoch: BigInt(offer.basePerEpoch),
    pricePerGiBEpoch: BigInt(offer.pricePerGiBEpoch),
    pricePerGiBRead: BigInt(offer.pricePerGiBRead),
    freeReadBytesPerEpoch: BigInt(offer.freeReadBytesPerEpoch),
  };
  const { validUntil: _, ...kept } = promised ?? { ...offered, validUntil: 0 };
  return {
    offerNumber: BigInt(offer.number),
    basePerEpoch: lower(offered.basePerEpoch, kept.basePerEpoch),
    pricePerGiBEpoch: lower(offered.pricePerGiBEpoch, kept.pricePerGiBEpoch),
    pricePerGiBRead: lower(offered.pricePerGiBRead, kept.pricePerGiBRead),
    freeReadBytesPerEpoch:
      offered.freeReadBytesPerEpoch > kept.freeReadBytesPerEpoch
        ? offered.freeReadBytesPerEpoch
        : kept.freeReadBytesPerEpoch,
    collateralBps: offer.collateralBps,
    minEpochs: offer.minEpochs,
    maxEpochs: offer.maxEpochs,
    payout: account,
    latestFormBy: height + limits.maxFormByBlocks,
  };
}

const lower = (a: bigint, b: bigint): bigint => (a < b ? a : b);
