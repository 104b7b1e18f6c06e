import type { EntityManager } from 'typeorm';
import type { OpenDatabase } from './data-sources.js';
import { storeFailure } from './store-error.js';

/** The only way to change a database: one transaction after the other. Nothing long may happen inside. */
export interface Writer {
  /** Runs a transaction when all earlier ones have ended. Rejects, with nothing written, if `job` does. */
  run<T>(job: (tx: EntityManager) => Promise<T>): Promise<T>;
  /** Resolves when the queue is empty. */
  idle(): Promise<void>;
}

/** A queued writer on a database. */
export function createWriter(database: OpenDatabase): Writer {
  let tail: Promise<unknown> = Promise.resolve();
  return {
    run(job) {
      const done = tail.then(async () => {
        try {
          return await database.writing.transaction(job);
        } catch (error) {
          throw storeFailure(database, error);
        }
      });
      tail = done.catch(() => undefined);
      return done;
    },
    idle: async () => {
      await tail;
    },
  };
}
