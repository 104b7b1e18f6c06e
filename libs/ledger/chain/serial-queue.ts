/** Runs asynchronous jobs one after the other, in the order they were given. */
export interface SerialQueue {
  run<T>(job: () => Promise<T>): Promise<T>;
  idle(): Promise<void>;
}

/** An empty queue. */
export function createSerialQueue(): SerialQueue {
  let tail: Promise<unknown> = Promise.resolve();
  return {
    run(job) {
      const done = tail.then(job);
      tail = done.catch(() => undefined);
      return done;
    },
    idle: async () => {
      await tail;
    },
  };
}
