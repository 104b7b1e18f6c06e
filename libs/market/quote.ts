import type { NetworkParams } from '#chain';
import { burnBound, burnFor, divideUp, priceContract, shareOfUp } from '#contracts';
import type { OfferView } from '#wire';
import { formTransactionBytes, MIN_FEE_PER_BYTE } from './fee.js';

const GIB = 1n << 30n;

/** One contract to come: whose offer, and what it would hold. */
export interface QuoteItem {
  readonly offer: OfferView;
  readonly totalBytes: bigint;
  readonly fragmentCount: number;
  /** Set aside for repair, base units; needs a repairer. */
  readonly reserve?: bigint;
  /** Locked for paid reads, base units. */
  readonly readEscrow?: bigint;
}

/** What the network asks for now. Base units. */
export interface QuotePrices {
  /** Burned per GiB and epoch by what the next block registers (status' `burnPerGiBEpoch`). */
  readonly burnPerGiBEpoch: bigint;
  /** For a place in a block; the least a node takes unless given. */
  readonly feePerByte?: bigint;
}

/** The itemised price of storing something, in base units, before anything is paid. */
export interface QuotePrice {
  /** Locked in escrow; what providers do not earn returns. */
  readonly storage: bigint;
  /** Burned at once at today's price; never refunded. */
  readonly burn: bigint;
  /** The most it can become: the burn price may move once before the block that registers it. */
  readonly burnAtMost: bigint;
  /** Transaction fees at the node's estimate; the size is bounded from above. */
  readonly fees: bigint;
  /** Set aside for repair; what is not used returns. */
  readonly reserve: bigint;
  /** Locked for paid reads; what is not read returns. */
  readonly reads: bigint;
  /** What is spent when every epoch is proven, nothing is repaired and nothing is read beyond what is free. */
  readonly cost: bigint;
  /** Everything that leaves the wallet. */
  readonly total: bigint;
  /** The same with the burn at its most. */
  readonly totalAtMost: bigint;
}

/** One contract of a quote. */
export interface QuoteLine extends QuotePrice {
  /** Account of the provider. */
  readonly provider: string;
  readonly address: string;
  readonly totalBytes: bigint;
  readonly fragments: number;
}

/** A quote with its lines. */
export interface Quote extends QuotePrice {
  readonly contracts: number;
  readonly epochs: number;
  readonly storedBytes: bigint;
  readonly lines: readonly QuoteLine[];
}

const NOTHING: QuotePrice = {
  storage: 0n,
  burn: 0n,
  burnAtMost: 0n,
  fees: 0n,
  reserve: 0n,
  reads: 0n,
  cost: 0n,
  total: 0n,
  totalAtMost: 0n,
};

/** Prices contracts over given offers. Exact but for the fees, which are bounded from above by their size. */
export function quoteContracts(
  params: NetworkParams,
  prices: QuotePrices,
  items: readonly QuoteItem[],
  epochs: number,
): Quote {
  const lines = items.map((item) => quoteLine(params, prices, item, epochs));
  return {
    ...lines.reduce(addPrices, NOTHING),
    contracts: lines.length,
    epochs,
    storedBytes: lines.reduce((sum, { totalBytes }) => sum + totalBytes, 0n),
    lines,
  };
}

/** Several quotes as one, each as often as its count says; the longest term counts. */
export function sumQuotes(quotes: readonly { readonly quote: Quote; readonly count: number }[]): Quote {
  const lines: QuoteLine[] = [];
  let prices = NOTHING;
  let [contracts, epochs, storedBytes] = [0, 0, 0n];
  for (const { quote, count } of quotes) {
    epochs = Math.max(epochs, quote.epochs);
    for (let time = 0; time < count; time++) {
      prices = addPrices(prices, quote);
      contracts += quote.contracts;
      storedBytes += quote.storedBytes;
      for (const line of quote.lines) lines.push(line);
    }
  }
  return { ...prices, contracts, epochs, storedBytes, lines };
}

/** Two quotes as one. */
export function addQuotes(a: Quote, b: Quote): Quote {
  return sumQuotes([
    { quote: a, count: 1 },
    { quote: b, count: 1 },
  ]);
}

/** What must be set aside so that a contract can be stored again elsewhere at the same price: the bounty and the fee. */
export function reserveForRepair(
  params: NetworkParams,
  prices: QuotePrices,
  item: QuoteItem,
  epochs: number,
): bigint {
  const { escrow } = priceContract(params, priceTerms(item, epochs));
  return shareOfUp(escrow, params.contract.bountyBps) + feeOf(prices, item.fragmentCount, true);
}

/** What reading all of a contract's bytes so many times over its term costs by an offer, beyond what is free. */
export function readEscrowFor(item: QuoteItem, epochs: number, times: number): bigint {
  const free = BigInt(item.offer.freeReadBytesPerEpoch) * BigInt(epochs);
  const read = item.totalBytes * BigInt(times);
  return read <= free ? 0n : divideUp(BigInt(item.offer.pricePerGiBRead) * (read - free), GIB);
}

function quoteLine(params: NetworkParams, prices: QuotePrices, item: QuoteItem, epochs: number): QuoteLine {
  const { offer, totalBytes, fragmentCount, reserve = 0n, readEscrow: reads = 0n } = item;
  const storage = priceContract(params, priceTerms(item, epochs)).escrow;
  const burn = burnFor(prices.burnPerGiBEpoch, totalBytes, epochs);
  const burnAtMost = burnBound(prices.burnPerGiBEpoch, totalBytes, epochs);
  const fees = feeOf(prices, fragmentCount, reserve > 0n);
  const cost = storage + burn + fees;
  const total = cost + reserve + reads;
  return {
    provider: offer.provider,
    address: offer.address,
    totalBytes,
    fragments: fragmentCount,
    storage,
    burn,
    burnAtMost,
    fees,
    reserve,
    reads,
    cost,
    total,
    totalAtMost: total - burn + burnAtMost,
  };
}

function priceTerms({ offer, totalBytes }: QuoteItem, epochs: number) {
  return {
    basePerEpoch: BigInt(offer.basePerEpoch),
    pricePerGiBEpoch: BigInt(offer.pricePerGiBEpoch),
    totalBytes,
    epochs,
  };
}

function feeOf(
  { feePerByte = MIN_FEE_PER_BYTE }: QuotePrices,
  fragments: number,
  hasRepair: boolean,
): bigint {
  return formTransactionBytes(fragments, hasRepair) * feePerByte;
}

function addPrices(a: QuotePrice, b: QuotePrice): QuotePrice {
  return {
    storage: a.storage + b.storage,
    burn: a.burn + b.burn,
    burnAtMost: a.burnAtMost + b.burnAtMost,
    fees: a.fees + b.fees,
    reserve: a.reserve + b.reserve,
    reads: a.reads + b.reads,
    cost: a.cost + b.cost,
    total: a.total + b.total,
    totalAtMost: a.totalAtMost + b.totalAtMost,
  };
}
