import { setTimeout as delay } from 'node:timers/promises';
import { AppError } from '#errors';

const POLL_MS = 250;

/** Asks until the answer is yes; after the limit an error that says what was waited for. */
export async function waitFor(
  what: string,
  timeoutMs: number,
  isDone: () => Promise<boolean>,
  signal?: AbortSignal,
): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  while (!(await isDone())) {
    if (Date.now() > deadline) {
      throw new AppError({
        code: 'devnet/waited-too-long',
        message: `Waited ${Math.round(timeoutMs / 1000)} s for ${what}.`,
        next: 'See the logs in the network’s data folder; a busy machine may need another try.',
      });
    }
    await delay(POLL_MS, undefined, signal === undefined ? {} : { signal });
  }
}
