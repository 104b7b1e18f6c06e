import type { NetworkParams } from '#chain';
import { roundUp } from './round-up.js';

const MIB = 1_048_576n;
const HIGHEST_OVER_FLOOR = 4_294_967_296n;

/** The burn price as docs/protocol/economy.md, section 5, tells it: a price, and what each block of the period registered. */
export class ShadowBurnPrice {
  /** Base units per GiB and epoch. */
  price: bigint;
  private thisBlock = 0n;
  private period: bigint[] = [];

  constructor(private readonly mint: NetworkParams['mint']) {
    this.price = mint.burnPerGiBEpoch;
  }

  /** What storing costs to burn at this block's price. */
  burnOf(bytes: bigint, epochs: number): bigint {
    return roundUp(this.price * bytes * BigInt(epochs), 1_073_741_824n);
  }

  /** Counts bytes that this block registers for some epochs. */
  register(bytes: bigint, epochs: number): void {
    this.thisBlock += roundUp(bytes * BigInt(epochs), MIB);
  }

  /** Every block is counted, genesis too, so that periods begin at multiples of their length. */
  closeBlock(): void {
    this.period.push(this.thisBlock);
    this.thisBlock = 0n;
    if (this.period.length < this.mint.burnPeriodBlocks) return;
    this.move(medianOf(this.period));
    this.period = [];
  }

  private move(median: bigint): void {
    const { burnTargetMiBEpochs: target, burnPerGiBEpoch: floor } = this.mint;
    const step = (away: bigint): bigint => (this.price * away) / (8n * target);
    if (median >= target) this.price += step(median > 2n * target ? target : median - target);
    else this.price -= step(target - median);
    if (this.price < floor) this.price = floor;
    if (this.price > floor * HIGHEST_OVER_FLOOR) this.price = floor * HIGHEST_OVER_FLOOR;
  }
}

function medianOf(amounts: readonly bigint[]): bigint {
  const sorted = [...amounts].sort((a, b) => (a === b ? 0 : a < b ? -1 : 1));
  return sorted[Math.floor(sorted.length / 2)] ?? 0n;
}
