import { setTimeout as delay } from 'node:timers/promises';

/** Time as the miner sees it; injected, so that tests own it. */
export interface MinerClock {
  /** Milliseconds of a clock that never goes back. */
  nowMs(): number;
  /** Seconds since 1970. */
  unixSeconds(): number;
  /** Waits, or less if the signal aborts; never rejects. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
}

/** The machine's own clock. */
export const systemClock: MinerClock = {
  nowMs: () => performance.now(),
  unixSeconds: () => Math.floor(Date.now() / 1000),
  sleep: (ms, signal) => delay(ms, undefined, { signal }).catch(() => undefined),
};

/** Says when the next block may be made. */
export interface Pacer {
  /** Waits until it is time to look for the next block; returns early if the signal aborts. */
  untilSearch(signal: AbortSignal): Promise<void>;
  /** Waits until the next block may be published; returns early if the signal aborts. */
  untilBlock(signal: AbortSignal): Promise<void>;
  /** A block is being published, here or elsewhere. */
  blockMade(): void;
}

export interface PacerOptions {
  readonly intervalMs: number;
  /** How long before its turn a block is looked for, so that it is there in time more often than not. */
  readonly leadMs: number;
  readonly clock: MinerClock;
}

/**
 * At most one block per interval, whoever makes it. The next turn is counted from the last block and from nothing else,
 * so a network that slept does not catch up: its contracts would live through a night in a minute.
 */
export function createPacer({ intervalMs, leadMs, clock }: PacerOptions): Pacer {
  let turnMs = clock.nowMs();
  const until = async (aheadMs: number, signal: AbortSignal): Promise<void> => {
    // Another block may have moved the turn during the wait.
    while (!signal.aborted && clock.nowMs() < turnMs - aheadMs)
      await clock.sleep(turnMs - aheadMs - clock.nowMs(), signal);
  };
  return {
    untilSearch: (signal) => until(leadMs, signal),
    untilBlock: (signal) => until(0, signal),
    blockMade() {
      turnMs = clock.nowMs() + intervalMs;
    },
  };
}

/** No pace: every network but a devnet leaves it to difficulty. */
export const unpaced: Pacer = {
  untilSearch: async () => undefined,
  untilBlock: async () => undefined,
  blockMade: () => undefined,
};
