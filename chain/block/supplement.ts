import type { BlockId } from '../primitives/ids.js';

/** What the rules need to know of the ancestors: everything from disk arrives as this argument. */
export interface Supplement {
  readonly parent: {
    readonly id: BlockId;
    readonly height: number;
    readonly timeSeconds: number;
  };
  /** Median time of the last 11 blocks up to the parent (fewer near genesis). */
  readonly medianTimeSeconds: number;
  /** Ids by height of the last `SUPPLEMENT_DEPTH` ancestors, the parent included. */
  readonly recentIds: ReadonlyMap<number, BlockId>;
  /** Root of the state after the parent, 32 bytes: what the coinbase must commit to. */
  readonly stateRoot: Uint8Array;
}

/** How many ancestors' ids the rules may ask for: two epochs are enough for any open challenge. */
export function supplementDepth(epochBlocks: number): number {
  return 2 * epochBlocks + 12;
}

/** Number of blocks the median time is taken over. */
export const MEDIAN_TIME_SPAN = 11;

/** Median of up to 11 block times. */
export function medianTime(times: readonly number[]): number {
  const sorted = [...times].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}
