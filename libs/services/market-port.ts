import { z } from 'zod';
import { CONTRACT_STATUSES } from '#contracts';
import { BOOK_ORDERS, OFFER_STATES } from '#market';
import {
  amountText,
  contractView,
  endpointView,
  heightNumber,
  hexOf,
  objectEventView,
  offerView,
  pageOf,
  pageQuery,
  providerRecordView,
} from '#wire';
import { livenessView } from './placement-port.js';
import type { PortOf } from './service-contract.js';

/** Injection token of the `MarketPort`. */
export const MARKET = Symbol('MARKET');

/** What decides which offer comes first, and whether one can be taken. */
const bookOrder = z.enum(BOOK_ORDERS);

/** An offer in the order book: where its provider is reached, what it did so far, whether it can be taken. */
export const bookEntryView = z
  .object({
    offer: offerView,
    endpoint: endpointView.nullable(),
    state: z.enum(OFFER_STATES),
    /** Why it does not fit what was asked for; null where it does. */
    why: z.string().nullable(),
    freeBytes: z.string(),
    /** What falls together with it; null where nobody knows. */
    domain: z.string().nullable(),
    record: providerRecordView,
    liveness: livenessView.nullable(),
    /** Of the bytes asked for, or of one GiB; the base of an epoch included. */
    pricePerEpoch: amountText,
    pricePerGiBEpoch: amountText,
    pricePerGiBMonth: amountText,
  })
  .meta({ id: 'BookEntry' });
export type BookEntryView = z.infer<typeof bookEntryView>;

const bytesText = z.string().regex(/^\d{1,19}$/, 'expected a whole number of bytes');

/** What a client looks for in the order book. */
export const matchFields = {
  maxPricePerGiBEpoch: amountText.optional().meta({ description: 'the base of an epoch included' }),
  minCollateralBps: z.number().int().min(0).max(1_000_000).optional(),
  minProven: z.number().int().nonnegative().optional().meta({ description: 'epochs proven at least' }),
  maxMissedBps: z
    .number()
    .int()
    .min(0)
    .max(10_000)
    .optional()
    .meta({ description: 'share of epochs missed' }),
  region: z.string().max(64).optional(),
  owner: z.string().max(64).optional(),
};

const price = {
  /** Locked in escrow; what providers do not earn returns. */
  storage: amountText,
  /** Burned when the contract is formed, at today's price; never refunded. */
  burn: amountText,
  /** The most the burn can become before it is registered. */
  burnAtMost: amountText,
  /** Transaction fees at the node's estimate, of sizes bounded from above. */
  fees: amountText,
  /** Set aside for repair; what is not used returns. */
  reserve: amountText,
  /** Locked for paid reads; what is not read returns. */
  reads: amountText,
  /** Spent when every epoch is proven and nothing is repaired or read beyond what is free. */
  cost: amountText,
  /** Everything that leaves the wallet, with the burn as it is today and at its most. */
  total: amountText,
  totalAtMost: amountText,
};

/** The itemised price of storing something, before anything is paid. */
export const quoteView = z
  .object({
    height: z.number().int(),
    sizeBytes: z.number().int(),
    profile: z.string().meta({ description: 'k/repair below/n' }),
    epochs: z.number().int(),
    segments: z.number().int(),
    storedBytes: z.string(),
    ...price,
    burnIsRefundable: z.literal(false),
    /** What `burn` and `fees` follow from. */
    burnPerGiBEpoch: amountText,
    feePerByte: amountText,
    /** The term by the network's block time, and what a month is. */
    termSeconds: z.number(),
    monthSeconds: z.number(),
    /** `cost` spread over the term, for a month of it; and that per GiB of the file. Null for an empty file. */
    costPerMonth: amountText,
    costPerGiBMonth: amountText.nullable(),
    assumption: z.string(),
    /** How likely the file is lost: repaired where `withRepair` was asked for, left alone otherwise. */
    durability: z.object({
      repair: z.enum(['repairer', 'owner', 'nobody']),
      lossPerYear: z.number(),
      nines: z.number(),
      storedPerByte: z.number(),
      meanLifetimeDays: z.number(),
      repairDays: z.number().nullable(),
      text: z.string().meta({ description: 'the figure and what it rests on' }),
    }),
    items: z.array(
      z.object({ provider: z.string(), totalBytes: z.string(), fragments: z.number().int(), ...price }),
    ),
    refusals: z.array(z.object({ provider: z.string(), why: z.string() })),
  })
  .meta({ id: 'Quote' });
export type QuoteView = z.infer<typeof quoteView>;

/** What a contract really cost its client so far. */
export const billView = z
  .object({
    contract: hexOf(32, 'contract id'),
    status: z.enum(CONTRACT_STATUSES),
    provider: hexOf(20, 'account id'),
    address: z.string(),
    asOfHeight: heightNumber,
    storage: amountText,
    reserve: amountText,
    reads: amountText,
    burned: amountText,
    fees: amountText,
    total: amountText,
    /** To the provider so far, and kept back for it until the end. */
    paid: amountText,
    held: amountText,
    refunded: amountText,
    /** Of the provider's collateral and kept-back earnings, because it missed. */
    compensation: amountText,
    carriedOver: amountText,
    carriedIn: amountText,
    stillLocked: amountText,
  })
  .meta({ id: 'Bill' });
export type BillView = z.infer<typeof billView>;

/** A contract with everything that happened to it. */
export const contractHistoryView = z
  .object({ contract: contractView, timeline: z.array(objectEventView) })
  .meta({ id: 'ContractHistory' });
export type ContractHistoryView = z.infer<typeof contractHistoryView>;

/** What the market service answers. */
export const MARKET_CONTRACT = {
  service: 'market',
  methods: {
    /** Offers that can be taken and fit, in order; with `all`, the others too, each with what speaks against it. */
    orderBook: {
      request: pageQuery.extend({
        sort: bookOrder.default('price'),
        all: z.boolean().default(false),
        bytes: bytesText.optional(),
        epochs: z.number().int().min(1).optional(),
        onePerDomain: z.boolean().default(false),
        ...matchFields,
      }),
      answer: pageOf(bookEntryView),
    },
    quote: {
      request: z.object({
        sizeBytes: z.number().int().nonnegative(),
        /** A name or `k/repair below/n`. */
        profile: z.string().max(40),
        epochs: z.number().int().min(1),
        /** Whether a repairer is to be paid: sets aside its bounty and fee for each contract. */
        withRepair: z.boolean().default(false),
        /** How many times all of it is to be read over the term. */
        reads: z.number().int().min(0).max(1_000_000).default(0),
        ...matchFields,
      }),
      answer: quoteView,
    },
    /** What a contract really cost so far; null where there is none. */
    bill: { request: z.object({ id: z.string().max(100) }), answer: billView.nullable() },
    /** Newest first, filtered by party and status. */
    contracts: {
      request: pageQuery.extend({
        client: z.string().max(100).optional(),
        provider: z.string().max(100).optional(),
        status: z.enum(CONTRACT_STATUSES).optional(),
      }),
      answer: pageOf(contractView),
    },
    contract: { request: z.object({ id: z.string().max(100) }), answer: contractHistoryView.nullable() },
  },
} as const;
export type MarketPort = PortOf<typeof MARKET_CONTRACT>;
