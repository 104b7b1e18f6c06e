import { setTimeout as sleep } from 'node:timers/promises';

/** Growing pauses between attempts; back to the first once an attempt succeeds. */
export interface BackOff {
  /** Waits the next pause, or less if the signal aborts; never rejects. */
  pause(signal: AbortSignal): Promise<void>;
  succeeded(): void;
}

/** Pauses that double from the first to the longest. */
export function createBackOff(firstMs: number, longestMs: number): BackOff {
  let nextMs = firstMs;
  return {
    async pause(signal) {
      const pauseMs = nextMs;
      nextMs = Math.min(nextMs * 2, longestMs);
      await sleep(pauseMs, undefined, { signal }).catch(() => undefined);
    },
    succeeded() {
      nextMs = firstMs;
    },
  };
}
