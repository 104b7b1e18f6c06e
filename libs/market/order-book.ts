import type { NetworkParams } from '#chain';
import { divideUp, trancheOf } from '#contracts';
import { type FailureDomain, failureDomain, OccupiedDomains } from '#placement';
import type { EndpointView, OfferView } from '#wire';

const GIB = 1n << 30n;
const BPS = 10_000n;

/** Whether an offer can be taken: room, time and an address are there, or why not. */
export const OFFER_STATES = ['open', 'full', 'withdrawn', 'expired', 'no-address', 'down'] as const;
export type OfferState = (typeof OFFER_STATES)[number];

/** What decides which offer comes first. */
export const BOOK_ORDERS = ['price', 'collateral', 'record', 'free', 'provider'] as const;
export type BookOrder = (typeof BOOK_ORDERS)[number];

/** An offer with everything matching looks at. */
export interface BookCandidate {
  readonly offer: OfferView;
  readonly endpoint: EndpointView | null;
  /** Epochs proven and missed over all contracts, contracts failed. */
  readonly record: { readonly proven: number; readonly missed: number; readonly failed: number };
  readonly isDown: boolean;
}

/** What a client looks for. */
export interface BookFilter {
  /** Bytes to be stored with one provider: room, and the basis of prices. Default one GiB, no room asked for. */
  readonly bytes?: bigint | undefined;
  readonly epochs?: number | undefined;
  /** The base of an epoch included, for the bytes asked for. */
  readonly maxPricePerGiBEpoch?: bigint | undefined;
  readonly minCollateralBps?: number | undefined;
  /** Epochs proven at least, so that nobody without a history is taken. */
  readonly minProven?: number | undefined;
  /** Share of epochs missed at most, in 1/10000. */
  readonly maxMissedBps?: number | undefined;
  readonly region?: string | undefined;
  readonly owner?: string | undefined;
  /** Only the first of each failure domain. */
  readonly isOnePerDomain?: boolean | undefined;
}

/** An offer in the book's order. */
export interface BookLine<C extends BookCandidate = BookCandidate> {
  readonly candidate: C;
  readonly state: OfferState;
  /** Why it does not fit what was asked for; undefined where it does. */
  readonly why: string | undefined;
  readonly freeBytes: bigint;
  /** Undefined without an endpoint: nobody knows where it stands. */
  readonly domain: FailureDomain | undefined;
  /** Price of an epoch for the bytes asked for, and that per GiB. */
  readonly pricePerEpoch: bigint;
  readonly pricePerGiBEpoch: bigint;
  /** Place in the order: two numbers ascending, then the provider. */
  readonly rank: readonly [bigint, bigint];
}

/** All offers in order, each with what speaks against it; those that fit have no `why`. */
export function matchOffers<C extends BookCandidate>(
  params: NetworkParams,
  height: number,
  candidates: readonly C[],
  filter: BookFilter,
  order: BookOrder,
): BookLine<C>[] {
  const lines = candidates
    .map((candidate) => toLine(params, height, candidate, filter, order))
    .sort(
      (a, b) =>
        compareRanks(a.rank, b.rank) || compareText(a.candidate.offer.provider, b.candidate.offer.provider),
    );
  if (filter.isOnePerDomain !== true) return lines;
  const occupied = new OccupiedDomains();
  return lines.map((line) => {
    if (line.why !== undefined || line.domain === undefined) return line;
    const taken = occupied.takenMark(line.domain);
    if (taken !== undefined) return { ...line, why: `same failure domain ${taken}` };
    occupied.add(line.domain);
    return line;
  });
}

/** Whether an offer can be taken at a height, whatever is looked for. */
export function offerState({ offer, endpoint, isDown }: BookCandidate, height: number): OfferState {
  if (BigInt(offer.capacityBytes) === 0n) return 'withdrawn';
  if (offer.expiresAt <= height) return 'expired';
  if (endpoint === null || endpoint.expiresAt <= height || endpoint.addresses.length === 0)
    return 'no-address';
  if (freeBytesOf(offer) === 0n) return 'full';
  return isDown ? 'down' : 'open';
}

/** Bytes an offer still has room for. */
export function freeBytesOf(offer: OfferView): bigint {
  const free = BigInt(offer.capacityBytes) - BigInt(offer.usedBytes);
  return free > 0n ? free : 0n;
}

/** Orders by rank. */
export function compareRanks(a: readonly [bigint, bigint], b: readonly [bigint, bigint]): number {
  return compareBig(a[0], b[0]) || compareBig(a[1], b[1]);
}

function toLine<C extends BookCandidate>(
  params: NetworkParams,
  height: number,
  candidate: C,
  filter: BookFilter,
  order: BookOrder,
): BookLine<C> {
  const { offer, endpoint } = candidate;
  const bytes = filter.bytes === undefined || filter.bytes === 0n ? GIB : filter.bytes;
  const pricePerEpoch = trancheOf({
    basePerEpoch: BigInt(offer.basePerEpoch),
    pricePerGiBEpoch: BigInt(offer.pricePerGiBEpoch),
    totalBytes: bytes,
  });
  const pricePerGiBEpoch = divideUp(pricePerEpoch * GIB, bytes);
  const state = offerState(candidate, height);
  const freeBytes = freeBytesOf(offer);
  return {
    candidate,
    state,
    why:
      state === 'open'
        ? mismatch(candidate, filter, pricePerGiBEpoch, freeBytes)
        : stateText(candidate, state),
    freeBytes,
    domain: endpoint === null ? undefined : failureDomain(params, { offer, endpoint }),
    pricePerEpoch,
    pricePerGiBEpoch,
    rank: [rankOf(candidate, order, pricePerEpoch, freeBytes), order === 'provider' ? 0n : pricePerEpoch],
  };
}

function mismatch(
  { offer, endpoint, record }: BookCandidate,
  filter: BookFilter,
  pricePerGiBEpoch: bigint,
  freeBytes: bigint,
): string | undefined {
  const { bytes, epochs, maxPricePerGiBEpoch, minCollateralBps, minProven, maxMissedBps, region, owner } =
    filter;
  if (bytes !== undefined && freeBytes < bytes) return `it has ${freeBytes} bytes left, ${bytes} are needed`;
  if (epochs !== undefined && (epochs < offer.minEpochs || epochs > offer.maxEpochs))
    return `it takes ${offer.minEpochs} to ${offer.maxEpochs} epochs, not ${epochs}`;
  if (maxPricePerGiBEpoch !== undefined && pricePerGiBEpoch > maxPricePerGiBEpoch)
    return `it asks ${pricePerGiBEpoch} base units per GiB and epoch, ${maxPricePerGiBEpoch} at most are wanted`;
  if (minCollateralBps !== undefined && offer.collateralBps < minCollateralBps)
    return `it locks ${offer.collateralBps} of 10000 as collateral, ${minCollateralBps} are wanted`;
  if (minProven !== undefined && record.proven < minProven)
    return `it has proven ${record.proven} epochs, ${minProven} are wanted`;
  if (maxMissedBps !== undefined && missedBps(record) > BigInt(maxMissedBps))
    return `it missed ${record.missed} of ${record.proven + record.missed} epochs`;
  if (region !== undefined && endpoint?.region !== region)
    return `its region is ${endpoint?.region ?? ''}, not ${region}`;
  if (owner !== undefined && endpoint?.owner !== owner)
    return `its owner is ${endpoint?.owner ?? ''}, not ${owner}`;
  return undefined;
}

function stateText({ offer }: BookCandidate, state: Exclude<OfferState, 'open'>): string {
  const texts = {
    full: `all of its ${offer.capacityBytes} bytes are taken`,
    withdrawn: 'it withdrew its offer',
    expired: `its offer expired at height ${offer.expiresAt}`,
    'no-address': 'it announces no address that holds now',
    down: 'it does not answer',
  };
  return texts[state];
}

function rankOf(
  { record, offer }: BookCandidate,
  order: BookOrder,
  pricePerEpoch: bigint,
  freeBytes: bigint,
): bigint {
  switch (order) {
    case 'price':
      return pricePerEpoch;
    case 'collateral':
      return -BigInt(offer.collateralBps);
    case 'record':
      return -recordScore(record);
    case 'free':
      return -freeBytes;
    case 'provider':
      return 0n;
  }
}

/**
 * How likely the next epoch is proven by the record so far, in 1/10000: Laplace's rule of succession, so that a
 * provider without a history stands between those that proved much and those that missed much.
 */
export function recordScore({ proven, missed }: BookCandidate['record']): bigint {
  return ((BigInt(proven) + 1n) * BPS) / (BigInt(proven) + BigInt(missed) + 2n);
}

function missedBps({ proven, missed }: BookCandidate['record']): bigint {
  return missed === 0 ? 0n : divideUp(BigInt(missed) * BPS, BigInt(proven + missed));
}

function compareBig(a: bigint, b: bigint): number {
  return a === b ? 0 : a < b ? -1 : 1;
}

function compareText(a: string, b: string): number {
  return a === b ? 0 : a < b ? -1 : 1;
}
