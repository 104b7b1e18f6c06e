/** Gathers items while the previous batch is being written, so that many callers share one commit. */
export interface Batch<T> {
  /** Resolves when the item is written. */
  add(item: T): Promise<void>;
  /** Resolves when nothing is left to write. */
  idle(): Promise<void>;
}

/** A batch over a write function; items keep their order. */
export function createBatch<T>(write: (items: readonly T[]) => Promise<void>): Batch<T> {
  let waiting: T[] = [];
  let next: Promise<void> | undefined;
  let running: Promise<void> = Promise.resolve();
  const start = (): Promise<void> => {
    const round = running
      .catch(() => undefined)
      .then(() => {
        const items = waiting;
        waiting = [];
        next = undefined;
        return write(items);
      });
    running = round;
    return round;
  };
  return {
    add(item) {
      waiting.push(item);
      next ??= start();
      return next;
    },
    idle: () => running.catch(() => undefined),
  };
}
