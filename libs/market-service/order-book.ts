import type { z } from 'zod';
import { AppError } from '#errors';
import { amountPerMonth, type BookLine, compareRanks, matchOffers } from '#market';
import { domainToText } from '#placement';
import type { BookEntryView, MARKET_CONTRACT, ProviderView } from '#services';
import type { Page } from '#wire';
import type { MarketServiceOptions } from './market-service-options.js';

type BookRequest = z.output<(typeof MARKET_CONTRACT)['methods']['orderBook']['request']>;
type MatchRequest = Omit<BookRequest, 'sort' | 'all' | 'cursor' | 'limit'>;

/** An offer's provider with everything matching looks at. */
interface Candidate {
  readonly offer: NonNullable<ProviderView['offer']>;
  readonly endpoint: ProviderView['endpoint'];
  readonly record: ProviderView['record'];
  readonly liveness: ProviderView['liveness'];
  readonly isDown: boolean;
}

/** One page of the order book. @throws AppError `market/cursor-invalid` */
export async function readOrderBook(
  options: MarketServiceOptions,
  request: BookRequest,
): Promise<Page<BookEntryView>> {
  const { limit, cursor, all, sort, ...wanted } = request;
  const lines = await matchBook(options, wanted, sort);
  const after = cursor === undefined ? undefined : parseCursor(cursor);
  const rest = lines.filter(
    (line) => (all || line.why === undefined) && (after === undefined || isAfter(line, after)),
  );
  const shown = rest.slice(0, limit);
  const last = shown.at(-1);
  return {
    items: shown.map((line) => toView(options, line)),
    nextCursor: rest.length > limit && last !== undefined ? toCursor(last) : null,
  };
}

/** All offers in order, each with what speaks against it. */
export async function matchBook(
  options: MarketServiceOptions,
  wanted: MatchRequest,
  sort: BookRequest['sort'],
): Promise<BookLine<Candidate>[]> {
  const { tip } = await options.ledger.status();
  const { bytes, epochs, onePerDomain, maxPricePerGiBEpoch, ...rest } = wanted;
  const filter = {
    ...rest,
    epochs,
    bytes: bytes === undefined ? undefined : BigInt(bytes),
    maxPricePerGiBEpoch: maxPricePerGiBEpoch === undefined ? undefined : BigInt(maxPricePerGiBEpoch),
    isOnePerDomain: onePerDomain,
  };
  return matchOffers(options.params, tip.height, await candidates(options), filter, sort);
}

async function candidates({ registry }: MarketServiceOptions): Promise<Candidate[]> {
  const found: Candidate[] = [];
  let cursor: string | undefined;
  do {
    const page = await registry.providers({ limit: 200, cursor });
    for (const { offer, endpoint, record, liveness } of page.items) {
      if (offer !== null)
        found.push({ offer, endpoint, record, liveness, isDown: liveness?.state === 'down' });
    }
    cursor = page.nextCursor ?? undefined;
  } while (cursor !== undefined);
  return found;
}

function toView({ params }: MarketServiceOptions, line: BookLine<Candidate>): BookEntryView {
  const { candidate, state, why, freeBytes, domain, pricePerEpoch, pricePerGiBEpoch } = line;
  const { offer, endpoint, record, liveness } = candidate;
  return {
    offer,
    endpoint,
    state,
    why: why ?? null,
    freeBytes: freeBytes.toString(),
    domain: domain === undefined ? null : domainToText(domain),
    record,
    liveness,
    pricePerEpoch: pricePerEpoch.toString(),
    pricePerGiBEpoch: pricePerGiBEpoch.toString(),
    pricePerGiBMonth: amountPerMonth(params, pricePerGiBEpoch, 1).toString(),
  };
}

/** A place in the order, not a count of rows: offers that come and go move no page. */
interface Place {
  readonly rank: readonly [bigint, bigint];
  readonly provider: string;
}

function toCursor({ rank, candidate }: BookLine<Candidate>): string {
  return `${rank[0]}_${rank[1]}_${candidate.offer.provider}`;
}

function parseCursor(cursor: string): Place {
  const match = /^(-?\d{1,25})_(-?\d{1,25})_([0-9a-f]{40})$/.exec(cursor);
  if (match !== null)
    return { rank: [BigInt(match[1] ?? 0), BigInt(match[2] ?? 0)], provider: match[3] ?? '' };
  throw new AppError({
    code: 'market/cursor-invalid',
    message: `cursor ${JSON.stringify(cursor.slice(0, 100))} is not one that this list gave out`,
    next: 'leave the cursor out to start at the first page, and pass nextCursor on unchanged',
  });
}

function isAfter({ rank, candidate }: BookLine<Candidate>, place: Place): boolean {
  const order = compareRanks(rank, place.rank);
  return order > 0 || (order === 0 && candidate.offer.provider > place.provider);
}
