import type { NetworkParams } from '#chain';
import { MAX_STEP_DIVISOR } from './burn-price.js';
import { burnFor, divideUp } from './price.js';

/** For clients, no rule looks at it: the most a contract can burn when it is registered within a period of the price `perGiBEpoch`. */
export function burnBound(perGiBEpoch: bigint, totalBytes: bigint, epochs: number): bigint {
  return burnFor(perGiBEpoch + divideUp(perGiBEpoch, MAX_STEP_DIVISOR), totalBytes, epochs);
}

/** First and last block of the period in which the next block after `height` lies. */
export function burnPeriod(
  params: NetworkParams,
  height: number,
): { readonly first: number; readonly last: number } {
  const { burnPeriodBlocks } = params.mint;
  const first = height + 1 - ((height + 1) % burnPeriodBlocks);
  return { first, last: first + burnPeriodBlocks - 1 };
}
