import { z } from 'zod';
import { amountText, heightNumber, hexOf, pageOf, pageQuery, postingView } from '#wire';
import type { PortOf } from './service-contract.js';

/** Injection token of the `PayoutsPort`. */
export const PAYOUTS = Symbol('PAYOUTS');

/** What a movement of coins about a contract means to its provider. */
export const PAYOUT_GROUPS = ['earned', 'held', 'lost', 'deposit', 'returned', 'client', 'minted'] as const;
export type PayoutGroup = (typeof PAYOUT_GROUPS)[number];

/** One movement of coins about a contract, with its reason. */
export const payoutLineView = postingView
  .extend({
    contract: hexOf(32, 'contract id'),
    provider: hexOf(20, 'account id'),
    /** Of the proof or miss that moved the coins, where it was one. */
    epoch: z.number().int().nullable(),
    group: z.enum(PAYOUT_GROUPS),
    /** The reason in words. */
    meaning: z.string(),
  })
  .meta({ id: 'PayoutLine' });
export type PayoutLineView = z.infer<typeof payoutLineView>;

/** Sums of postings; each coin movement is in exactly one of them. */
export const payoutTotalsView = z
  .object({
    /** Paid out to the provider. */
    earned: amountText,
    /** Earned and kept back until the end. */
    held: amountText,
    /** Taken from collateral or vesting because of missed proofs. */
    lost: amountText,
    /** Collateral locked, and given back. */
    deposited: amountText,
    returned: amountText,
    byReason: z.record(z.string(), amountText),
  })
  .meta({ id: 'PayoutTotals' });
export type PayoutTotalsView = z.infer<typeof payoutTotalsView>;

/** One provider's sums up to a height. */
export const payoutSummaryView = z
  .object({
    provider: hexOf(20, 'account id'),
    address: z.string(),
    contracts: z.number().int(),
    proofs: z.number().int(),
    misses: z.number().int(),
    totals: payoutTotalsView,
    asOfHeight: heightNumber,
  })
  .meta({ id: 'PayoutSummary' });
export type PayoutSummaryView = z.infer<typeof payoutSummaryView>;

/** Postings behind a sum. */
export const payoutStatementView = z
  .object({
    provider: z.string().nullable(),
    contract: z.string().nullable(),
    epoch: z.number().int().nullable(),
    asOfHeight: heightNumber,
    /** Over the whole statement, not over the page. */
    totals: payoutTotalsView,
    items: z.array(payoutLineView),
    nextCursor: z.string().nullable(),
  })
  .meta({ id: 'PayoutStatement' });
export type PayoutStatementView = z.infer<typeof payoutStatementView>;

/** What the payouts service answers. */
export const PAYOUTS_CONTRACT = {
  service: 'payouts',
  methods: {
    /** Sums of every provider, by account. */
    summaries: { request: pageQuery, answer: pageOf(payoutSummaryView) },
    summary: { request: z.object({ provider: z.string().max(100) }), answer: payoutSummaryView.nullable() },
    /** The postings of one provider or one contract, oldest first; of one epoch where it is given. */
    statement: {
      request: pageQuery.extend({
        provider: z.string().max(100).optional(),
        contract: z.string().max(100).optional(),
        epoch: z.number().int().nonnegative().optional(),
      }),
      answer: payoutStatementView,
    },
  },
} as const;
export type PayoutsPort = PortOf<typeof PAYOUTS_CONTRACT>;
