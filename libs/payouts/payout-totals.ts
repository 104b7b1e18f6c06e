import type { PayoutTotalsView } from '#services';
import type { PostingView } from '#wire';
import { PAYOUT_REASONS } from './payout-reasons.js';

/** Sums by reason, in base units. */
export type ReasonSums = Map<string, bigint>;

/** Adds a posting's amount to the sum of its reason. */
export function addPosting(sums: ReasonSums, posting: Pick<PostingView, 'reason' | 'amount'>): void {
  sums.set(posting.reason, (sums.get(posting.reason) ?? 0n) + BigInt(posting.amount));
}

/** The sums grouped by what they mean. */
export function sumsToTotals(sums: ReadonlyMap<string, bigint>): PayoutTotalsView {
  const group = (name: string): string => {
    let total = 0n;
    for (const [reason, amount] of sums) if (PAYOUT_REASONS[reason]?.group === name) total += amount;
    return total.toString();
  };
  const byReason = [...sums]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([reason, sum]) => [reason, sum.toString()]);
  return {
    earned: group('earned'),
    held: group('held'),
    lost: group('lost'),
    deposited: group('deposit'),
    returned: group('returned'),
    byReason: Object.fromEntries(byReason) as Record<string, string>,
  };
}
