import type { ChallengeView, FeeEstimateView } from '#wire';

/**
 * What a proof pays per byte: the node's estimate for a few blocks while there is time, for the next block in the second
 * half of the window, and twice and four times that in its last quarter and its last eighth. A missed proof costs the
 * epoch's price and collateral, a fee never more than a part of the price.
 */
export function proofFeePerByte(
  estimate: FeeEstimateView,
  { opensAt, closesAt }: Pick<ChallengeView, 'opensAt' | 'closesAt'>,
  nextHeight: number,
): bigint {
  const left = closesAt - nextHeight + 1;
  const total = closesAt - opensAt + 1;
  const next = BigInt(estimate.next.feePerByte);
  const soon = BigInt(estimate.soon.feePerByte);
  const least = BigInt(estimate.minFeePerByte);
  const wanted = 2 * left > total ? soon : next * urgency(left, total);
  return wanted > least ? wanted : least;
}

function urgency(left: number, total: number): bigint {
  // The last block is the last eighth of any window, however short.
  if (8 * (left - 1) < total) return 4n;
  return 4 * (left - 1) < total ? 2n : 1n;
}
