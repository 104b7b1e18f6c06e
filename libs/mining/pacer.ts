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
  /** Waits for the turn of the next block; returns early if the signal aborts. */
  wait(signal: AbortSignal): Promise<void>;
  /** A block was made, here or elsewhere: the next turn is counted from the turn of this one. */
  blockMade(): void;
}

/**
 * At most one block per interval. Turns lie on a grid, so that the time a search takes does not slow the chain; a turn
 * that was missed by more than an interval starts a new grid: a network that slept does not catch up (its contracts
 * would live through a night in a minute).
 */
export function createPacer(intervalMs: number, clock: MinerClock): Pacer {
  let turnMs = clock.nowMs();
  return {
    async wait(signal) {
      for (;;) {
        const leftMs = turnMs - clock.nowMs();
        if (leftMs <= 0 || signal.aborted) break;
        await clock.sleep(leftMs, signal);
      }
      if (clock.nowMs() - turnMs > intervalMs) turnMs = clock.nowMs();
    },
    blockMade() {
      const nowMs = clock.nowMs();
      turnMs = (nowMs - turnMs > intervalMs || nowMs < turnMs ? nowMs : turnMs) + intervalMs;
    },
  };
}

/** No pace: every network but a devnet leaves it to difficulty. */
export const unpaced: Pacer = { wait: async () => undefined, blockMade: () => undefined };
