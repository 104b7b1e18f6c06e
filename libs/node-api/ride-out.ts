import { AppError } from '#errors';
import { createBackOff } from './back-off.js';

/** How a client waits for a node that went away in the middle of its work. */
export interface RideOut {
  /** Longest wait for one request, in milliseconds. */
  readonly patienceMs: number;
  /** Ends a wait; the error it waited about is thrown then. */
  readonly signal?: AbortSignal | undefined;
  /** Called when a wait begins. */
  readonly onWaiting?: (error: AppError) => void;
}

const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 1_000;

/**
 * Asks again while a node that has answered before does not answer: it restarts. One that never answered is an error at
 * once. `mayRepeat` says which failures left nothing behind at the node.
 */
export function createRideOut(
  options: RideOut | undefined,
): <T>(ask: () => Promise<T>, mayRepeat: (error: AppError) => boolean) => Promise<T> {
  let hasAnswered = false;
  return async (ask, mayRepeat) => {
    const backOff = createBackOff(FIRST_PAUSE_MS, LONGEST_PAUSE_MS);
    const until = performance.now() + (options?.patienceMs ?? 0);
    for (let isFirst = true; ; isFirst = false) {
      try {
        const answer = await ask();
        hasAnswered = true;
        return answer;
      } catch (error) {
        if (!(error instanceof AppError)) throw error;
        if (error.code !== 'node/unreachable') {
          // Whatever else it said, it answered.
          hasAnswered ||= !error.code.startsWith('node/');
          throw error;
        }
        const isOver = performance.now() >= until || options?.signal?.aborted === true;
        if (options === undefined || !hasAnswered || isOver || !mayRepeat(error)) throw error;
        if (isFirst) options.onWaiting?.(error);
        await backOff.pause(options.signal ?? new AbortController().signal);
      }
    }
  };
}

/** Whether a request cannot have reached the node: nobody listened. */
export function wasNeverSent(error: AppError): boolean {
  return (error.cause as NodeJS.ErrnoException | undefined)?.code === 'ECONNREFUSED';
}
