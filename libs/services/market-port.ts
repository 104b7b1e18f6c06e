import { z } from 'zod';
import { CONTRACT_STATUSES } from '#contracts';
import { amountText, contractView, endpointView, objectEventView, offerView, pageOf, pageQuery } from '#wire';
import type { PortOf } from './service-contract.js';

/** Injection token of the `MarketPort`. */
export const MARKET = Symbol('MARKET');

/** An offer and where its provider is reached. */
export const bookEntryView = z
  .object({ offer: offerView, endpoint: endpointView.nullable() })
  .meta({ id: 'BookEntry' });
export type BookEntryView = z.infer<typeof bookEntryView>;

const price = {
  /** Locked in escrow; what providers do not earn returns. */
  storage: amountText,
  /** Burned when the contract is formed; never refunded. */
  burn: amountText,
  /** Transaction fees, bounded from above. */
  fees: amountText,
  total: amountText,
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
    items: z.array(
      z.object({ provider: z.string(), totalBytes: z.string(), fragments: z.number().int(), ...price }),
    ),
    refusals: z.array(z.object({ provider: z.string(), why: z.string() })),
  })
  .meta({ id: 'Quote' });
export type QuoteView = z.infer<typeof quoteView>;

/** A contract with everything that happened to it. */
export const contractHistoryView = z
  .object({ contract: contractView, timeline: z.array(objectEventView) })
  .meta({ id: 'ContractHistory' });
export type ContractHistoryView = z.infer<typeof contractHistoryView>;

/** What the market service answers. */
export const MARKET_CONTRACT = {
  service: 'market',
  methods: {
    /** Offers by provider, with the endpoint of each. */
    orderBook: { request: pageQuery, answer: pageOf(bookEntryView) },
    quote: {
      request: z.object({
        sizeBytes: z.number().int().nonnegative(),
        /** A name or `k/repair below/n`. */
        profile: z.string().max(40),
        epochs: z.number().int().min(1),
      }),
      answer: quoteView,
    },
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
