import type { CounterTerms } from '#wire';

/** How far a client goes along with counter-offers by itself. */
export interface DealLimits {
  /** What a price may rise above the offer's, in 1/10000 of it. Default 0: the price that was quoted. */
  readonly maxPriceIncreaseBps?: number | undefined;
}

const BPS = 10_000n;

/** Why counter-offered terms are beyond the limits; undefined where they are within. */
export function beyondLimits(
  quoted: CounterTerms,
  countered: CounterTerms,
  epochs: number,
  limits: DealLimits,
): string | undefined {
  const factor = BPS + BigInt(limits.maxPriceIncreaseBps ?? 0);
  for (const name of ['basePerEpoch', 'pricePerGiBEpoch', 'pricePerGiBRead'] as const) {
    if (countered[name] * BPS > quoted[name] * factor) {
      return `${name} ${countered[name]} instead of ${quoted[name]}`;
    }
  }
  if (countered.freeReadBytesPerEpoch < quoted.freeReadBytesPerEpoch) {
    return `${countered.freeReadBytesPerEpoch} bytes to read freely instead of ${quoted.freeReadBytesPerEpoch}`;
  }
  if (countered.collateralBps < quoted.collateralBps) {
    return `collateralBps ${countered.collateralBps} instead of ${quoted.collateralBps}`;
  }
  return epochs < countered.minEpochs || epochs > countered.maxEpochs
    ? `${countered.minEpochs} to ${countered.maxEpochs} epochs instead of ${epochs}`
    : undefined;
}
