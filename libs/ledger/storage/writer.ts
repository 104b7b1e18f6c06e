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
          return await runTransaction(database, job);
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

/**
 * SQLite's transactions are begun and ended here and not by TypeORM: when the disk is full SQLite may have rolled back by
 * itself, TypeORM then counts one transaction too many, and what it calls committed from there on is only a savepoint of a
 * transaction that never ends, lost when the file is closed (`full-disk.test.ts` fails if that comes back).
 */
async function runTransaction<T>(
  { writing }: OpenDatabase,
  job: (tx: EntityManager) => Promise<T>,
): Promise<T> {
  if (writing.options.type === 'postgres') return writing.transaction(job);
  await writing.query('BEGIN IMMEDIATE');
  try {
    const result = await job(writing.manager);
    await writing.query('COMMIT');
    return result;
  } catch (error) {
    // Fails where SQLite has rolled back already; the cause is what matters.
    await writing.query('ROLLBACK').catch(() => undefined);
    throw error;
  }
}
