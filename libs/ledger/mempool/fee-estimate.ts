import type { KnownBlock, Law } from '#chain';
import type { FeeEstimateView } from '#wire';
import type { FeeHistogram } from './fee-histogram.js';

/** Blocks of the past that are looked at. */
const REMEMBERED_BLOCKS = 12;
/** A block used to this share of its room had to leave something out. */
const FULL_SHARE = 0.9;
/** In how many blocks a transaction should be at each price. */
const TARGETS = { next: 1, soon: 5, economy: 30 } as const;

/** What a place in a block costs: from what waits, and from what the last blocks turned away. */
export class FeeEstimator {
  private readonly recent: { readonly height: number; readonly leastRate: bigint }[] = [];
  private readonly roomBytes: number;

  constructor(
    private readonly law: Law,
    private readonly minFeePerByte: bigint,
  ) {
    const { maxBlockBytes, proofReserveBps } = law.params.limits;
    this.roomBytes = maxBlockBytes - Math.floor((maxBlockBytes * proofReserveBps) / 10_000);
  }

  /** Takes note of a block that joined the main chain. */
  blockJoined(height: number, block: KnownBlock): void {
    while (this.recent.length > 0 && (this.recent.at(-1)?.height ?? 0) >= height) this.recent.pop();
    const general = block.transactions.filter(
      ({ transaction }) => this.law.kindsByName.get(transaction.kind)?.reserved !== true,
    );
    const usedBytes = general.reduce((sum, { bytes }) => sum + bytes.length, 0);
    let leastRate = this.minFeePerByte;
    if (usedBytes >= this.roomBytes * FULL_SHARE) {
      const rates = general.map(({ transaction, bytes }) =>
        ceilDivide(transaction.fee, BigInt(bytes.length)),
      );
      leastRate = rates.reduce((least, rate) => (rate < least ? rate : least));
    }
    this.recent.push({ height, leastRate });
    if (this.recent.length > REMEMBERED_BLOCKS) this.recent.shift();
  }

  /** Base units per byte, never below what this node takes at all. */
  estimate(waiting: FeeHistogram): FeeEstimateView {
    const last = this.recent.at(-1)?.leastRate ?? 0n;
    const past = this.recent.map(({ leastRate }) => leastRate).sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
    const usual = past[Math.floor(past.length / 2)] ?? 0n;
    const next = max(this.minFeePerByte, waiting.rateAhead(this.roomBytes * FULL_SHARE * TARGETS.next), last);
    const soon = max(
      this.minFeePerByte,
      waiting.rateAhead(this.roomBytes * FULL_SHARE * TARGETS.soon),
      usual,
    );
    const economy = max(this.minFeePerByte, waiting.rateAhead(this.roomBytes * FULL_SHARE * TARGETS.economy));
    const price = (feePerByte: bigint, blocks: number) => ({ feePerByte: feePerByte.toString(), blocks });
    return {
      minFeePerByte: this.minFeePerByte.toString(),
      next: price(next, TARGETS.next),
      soon: price(soon < next ? soon : next, TARGETS.soon),
      economy: price(economy < soon ? economy : soon < next ? soon : next, TARGETS.economy),
    };
  }
}

function max(...values: readonly bigint[]): bigint {
  return values.reduce((greatest, value) => (value > greatest ? value : greatest));
}

function ceilDivide(dividend: bigint, divisor: bigint): bigint {
  return (dividend + divisor - 1n) / divisor;
}
