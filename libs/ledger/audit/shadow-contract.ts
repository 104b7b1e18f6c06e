import type { NetworkParams } from '#chain';
import { roundUp } from './round-up.js';
import type { ShadowLots } from './shadow-lots.js';

/** A challenge that waits for its proof. */
interface ShadowWindow {
  readonly epoch: number;
  readonly price: bigint;
  isProven: boolean;
}

/** A contract as far as its coins go. */
export interface ShadowContract {
  readonly id: string;
  readonly client: string;
  readonly provider: string;
  readonly payout: string;
  /** First block of epoch 0. */
  readonly firstBlock: number;
  readonly slot: number;
  readonly basePerEpoch: bigint;
  readonly pricePerGiBEpoch: bigint;
  readonly hasRepairer: boolean;
  readonly prices: ShadowPrices;
  readonly lots: ShadowLots;
  /** Of the leaves that were not dropped. */
  bytes: bigint;
  leafCount: number;
  /** Epochs agreed on, extensions included. */
  term: number;
  /** First epoch that is not challenged: the term, or earlier where the client ended it. */
  endEpoch: number;
  /** First epoch not challenged yet. */
  nextEpoch: number;
  missed: number;
  window: ShadowWindow | undefined;
  skipped: number | undefined;
  readsPaid: bigint;
  /** Height at which it failed, while its reserve waits. */
  failedAt: number | undefined;
}

/** What each epoch costs, by the rule that a change holds from an epoch on. */
export class ShadowPrices {
  private readonly steps: { readonly from: number; readonly price: bigint }[] = [];

  constructor(price: bigint) {
    this.steps.push({ from: 0, price });
  }

  of(epoch: number): bigint {
    return this.steps.findLast(({ from }) => from <= epoch)?.price ?? 0n;
  }

  /** What was said before about these epochs no longer holds. */
  changeFrom(epoch: number, price: bigint): void {
    while ((this.steps.at(-1)?.from ?? -1) >= epoch) this.steps.pop();
    this.steps.push({ from: epoch, price });
  }

  /** Every epoch from one on costs so much more. */
  raiseFrom(epoch: number, by: bigint): void {
    const price = this.of(epoch);
    const later = this.steps.filter(({ from }) => from > epoch);
    this.changeFrom(epoch, price + by);
    for (const step of later) this.steps.push({ from: step.from, price: step.price + by });
  }

  /** All epochs from one up to, and without, another. */
  sum(from: number, to: number): bigint {
    let sum = 0n;
    for (let epoch = from; epoch < to; epoch++) sum += this.of(epoch);
    return sum;
  }
}

/** The price of an epoch for so many bytes. */
export function shadowPrice(
  terms: Pick<ShadowContract, 'basePerEpoch' | 'pricePerGiBEpoch'>,
  bytes: bigint,
): bigint {
  return terms.basePerEpoch + roundUp(terms.pricePerGiBEpoch * bytes, 1_073_741_824n);
}

/** Epochs begun at a height; none before the first. */
export function shadowBegun(params: NetworkParams, contract: ShadowContract, height: number): number {
  const since = height - contract.firstBlock;
  return since < 0 ? 0 : 1 + Math.floor(since / params.contract.epochBlocks);
}

/** Height at which something happens to a contract by itself. */
export function shadowDueAt(params: NetworkParams, contract: ShadowContract): number {
  const { epochBlocks, windowBlocks, settleDelayBlocks, repairBlocks } = params.contract;
  const { firstBlock, slot, nextEpoch, endEpoch, window, failedAt } = contract;
  if (failedAt !== undefined) return failedAt + repairBlocks;
  if (window !== undefined) return firstBlock + window.epoch * epochBlocks + slot + windowBlocks;
  if (nextEpoch < endEpoch) return firstBlock + nextEpoch * epochBlocks + slot;
  return firstBlock + endEpoch * epochBlocks + windowBlocks + settleDelayBlocks;
}
