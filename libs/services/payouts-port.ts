import { z } from 'zod';
import { amountText, heightNumber, hexOf, pageOf, pageQuery, postingView, timeText } from '#wire';
import type { PortOf } from './service-contract.js';

/** Injection token of the `PayoutsPort`. */
export const PAYOUTS = Symbol('PAYOUTS');

/** What a movement of coins about a contract means to its provider. */
export const PAYOUT_GROUPS = [
  'earned',
  'held',
  'lost',
  'deposit',
  'returned',
  'client',
  'minted',
  'other',
] as const;
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

/** What a contract will pay, if every epoch to come is proven. Heights of what nobody has done yet are the earliest. */
export const FORECAST_KINDS = ['proof', 'skipped', 'settlement'] as const;
export const forecastLineView = z
  .object({
    contract: hexOf(32, 'contract id'),
    kind: z.enum(FORECAST_KINDS),
    /** Null for the settlement. */
    epoch: z.number().int().nullable(),
    /** Of the challenge; null for the settlement. */
    challengeHeight: heightNumber.nullable(),
    /** When it can be paid, and until when the proof must be in a block. */
    height: heightNumber,
    closesAt: heightNumber.nullable(),
    /** Of `height`, by the network's block time. */
    expectedAt: timeText,
    /** Paid out then; kept back until the end; bounty of a contract taken over; collateral given back. */
    paid: amountText,
    vesting: amountText,
    bounty: amountText,
    collateral: amountText,
  })
  .meta({ id: 'PayoutForecastLine' });
export type ForecastLineView = z.infer<typeof forecastLineView>;

/** What comes next for a provider, by height. */
export const payoutForecastView = z
  .object({
    provider: hexOf(20, 'account id'),
    asOfHeight: heightNumber,
    /** How many epochs of each contract were looked ahead. */
    epochs: z.number().int(),
    totals: z.object({ paid: amountText, vesting: amountText, bounty: amountText, collateral: amountText }),
    items: z.array(forecastLineView),
    assumption: z.string(),
  })
  .meta({ id: 'PayoutForecast' });
export type PayoutForecastView = z.infer<typeof payoutForecastView>;

/** What a provider may lose by one contract. */
export const riskLineView = z
  .object({
    contract: hexOf(32, 'contract id'),
    /** Misses so far, and how many fail it. */
    strikes: z.number().int(),
    strikesToFail: z.number().int(),
    /** The challenge that waits for a proof. */
    open: z
      .object({
        epoch: z.number().int(),
        opensAt: heightNumber,
        closesAt: heightNumber,
        blocksLeft: z.number().int(),
        tranche: amountText,
      })
      .nullable(),
    nextChallengeHeight: heightNumber.nullable(),
    collateral: amountText,
    vesting: amountText,
    /** What missing the open challenge, or the next one, would cost. */
    ifMissed: z.object({
      fails: z.boolean(),
      /** Not earned: the epoch, and where it fails all epochs to come. */
      unearned: amountText,
      slashed: amountText,
      vestingLost: amountText,
      total: amountText,
    }),
  })
  .meta({ id: 'PayoutRiskLine' });
export type RiskLineView = z.infer<typeof riskLineView>;

/** What a provider may lose, most urgent first. */
export const payoutRiskView = z
  .object({
    provider: hexOf(20, 'account id'),
    asOfHeight: heightNumber,
    collateral: amountText,
    vesting: amountText,
    openChallenges: z.number().int(),
    /** What missing every open challenge would cost. */
    atStakeNow: amountText,
    items: z.array(riskLineView),
  })
  .meta({ id: 'PayoutRisk' });
export type PayoutRiskView = z.infer<typeof payoutRiskView>;

/** A penalty: who, for what, and what it cost. */
export const penaltyView = z
  .object({
    height: heightNumber,
    time: timeText,
    blockId: hexOf(32, 'block id'),
    position: z.number().int(),
    contract: hexOf(32, 'contract id'),
    provider: hexOf(20, 'account id'),
    address: z.string(),
    kind: z.enum(['missed', 'failed']),
    /** The epoch without a proof; of a failure the last of them. */
    epoch: z.number().int().nullable(),
    /** Misses of the contract, this one included, and how many fail it. */
    strikes: z.number().int(),
    strikesToFail: z.number().int(),
    why: z.string(),
    /** Taken by it: each movement of the provider's coins with its reason. */
    lost: amountText,
    postings: z.array(z.object({ reason: z.string(), amount: amountText, meaning: z.string() })),
  })
  .meta({ id: 'Penalty' });
export type PenaltyView = z.infer<typeof penaltyView>;

/** One block's reward to its miner, once it matured. */
export const minerRewardView = z
  .object({
    height: heightNumber,
    blockId: hexOf(32, 'block id'),
    time: timeText,
    maturedAt: heightNumber,
    amount: amountText,
    subsidy: amountText,
    fees: amountText,
    /** Out of the pool that proofs fill (reason mint-pool). */
    poolDraw: amountText,
    /** New coins for first proofs it included, each with its contract (reason mint-inclusion). */
    proofMint: amountText,
    inclusions: z.array(z.object({ contract: hexOf(32, 'contract id'), amount: amountText })),
  })
  .meta({ id: 'MinerReward' });
export type MinerRewardView = z.infer<typeof minerRewardView>;

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
    /** What the next epochs of a provider's contracts will pay, by height. */
    forecast: {
      request: z.object({
        provider: z.string().max(100),
        contract: z.string().max(100).optional(),
        epochs: z.number().int().min(1).max(3_650).default(3),
      }),
      answer: payoutForecastView,
    },
    /** What a provider may lose, most urgent first. */
    risk: { request: z.object({ provider: z.string().max(100) }), answer: payoutRiskView },
    /** Who was penalised and why, newest first; of one provider where it is given. */
    penalties: {
      request: pageQuery.extend({ provider: z.string().max(100).optional() }),
      answer: pageOf(penaltyView),
    },
    /** Matured rewards of a miner's blocks, newest first; a page may be short though more follow. */
    minerRewards: {
      request: pageQuery.extend({ miner: z.string().max(100) }),
      answer: pageOf(minerRewardView),
    },
  },
} as const;
export type PayoutsPort = PortOf<typeof PAYOUTS_CONTRACT>;
