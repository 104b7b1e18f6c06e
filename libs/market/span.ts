import type { NetworkParams } from '#chain';
import { divideUp } from '#contracts';

/** A month of prices: 30 days, by the time that blocks should take. Real blocks come a little earlier or later. */
export const MONTH_SECONDS = 30 * 86_400;

const GIB = 1n << 30n;

/** Seconds of so many epochs by the network's block time. */
export function epochsToSeconds(params: NetworkParams, epochs: number): number {
  return epochs * params.contract.epochBlocks * params.proofOfWork.blockSeconds;
}

/** An amount that pays for `epochs`, as what a month costs; rounded up. */
export function amountPerMonth(params: NetworkParams, amount: bigint, epochs: number): bigint {
  if (epochs === 0) return 0n;
  return divideUp(amount * BigInt(MONTH_SECONDS), BigInt(epochsToSeconds(params, epochs)));
}

/** An amount for `bytes` as what a GiB costs, rounded up; undefined for no bytes. */
export function amountPerGiB(amount: bigint, bytes: bigint): bigint | undefined {
  return bytes === 0n ? undefined : divideUp(amount * GIB, bytes);
}
