import 'reflect-metadata';
import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { DataSource, type QueryRunner } from 'typeorm';
import { AppError } from '#errors';

const SCHEMA_VERSION = 1;
const BUSY_TIMEOUT_MS = 10_000;

// Amounts and hashes are TEXT: the driver rounds integers above 2^53 silently.
const SCHEMA = [
  `CREATE TABLE IF NOT EXISTS shares (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    at_ms INTEGER NOT NULL,
    account TEXT NOT NULL,
    worker TEXT NOT NULL,
    hashes TEXT NOT NULL,
    height INTEGER NOT NULL
  ) STRICT`,
  `CREATE TABLE IF NOT EXISTS blocks (
    block_id TEXT PRIMARY KEY,
    height INTEGER NOT NULL,
    share_seq INTEGER NOT NULL,
    finder TEXT NOT NULL,
    worker TEXT NOT NULL,
    paid_to TEXT NOT NULL,
    reward TEXT NOT NULL,
    work TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('found', 'refused', 'orphaned', 'credited', 'solo')),
    why TEXT,
    fee TEXT NOT NULL DEFAULT '0',
    dust TEXT NOT NULL DEFAULT '0',
    found_at_ms INTEGER NOT NULL
  ) STRICT`,
  'CREATE INDEX IF NOT EXISTS blocks_state ON blocks (state, share_seq)',
  `CREATE TABLE IF NOT EXISTS credits (
    block_id TEXT NOT NULL,
    account TEXT NOT NULL,
    amount TEXT NOT NULL,
    PRIMARY KEY (block_id, account)
  ) STRICT`,
  `CREATE TABLE IF NOT EXISTS balances (
    account TEXT PRIMARY KEY,
    credited TEXT NOT NULL,
    debited TEXT NOT NULL
  ) STRICT`,
  `CREATE TABLE IF NOT EXISTS payments (
    sequence INTEGER PRIMARY KEY,
    account TEXT NOT NULL,
    amount TEXT NOT NULL,
    fee TEXT NOT NULL,
    ids TEXT NOT NULL,
    hex TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('journalled', 'final')),
    height INTEGER,
    at_ms INTEGER NOT NULL
  ) STRICT`,
  'CREATE INDEX IF NOT EXISTS payments_state ON payments (state, sequence)',
];

export type Row = Record<string, string | number | null>;

/** The pool's file: one connection, one transaction after the other. */
export interface PoolDatabase {
  /** Runs a transaction when all earlier ones have ended; nothing of it stays if it throws. */
  write<T>(
    job: (query: (sql: string, values?: readonly unknown[]) => Promise<Row[]>) => Promise<T>,
  ): Promise<T>;
  /** Reads between two transactions. */
  read(sql: string, values?: readonly unknown[]): Promise<Row[]>;
  close(): Promise<void>;
}

/**
 * Opens the file, creating it with its folder where missing. Every commit is on the disk before it is told.
 * @throws AppError `pool/store-failed`, `pool/store-corrupt`, `pool/store-too-new`
 */
export async function openPoolDatabase(file: string): Promise<PoolDatabase> {
  let source: DataSource | undefined;
  let runner: QueryRunner;
  try {
    await mkdir(dirname(file), { recursive: true });
    source = new DataSource({
      type: 'sqlite',
      database: file,
      enableWAL: true,
      busyTimeout: BUSY_TIMEOUT_MS,
    });
    await source.initialize();
    runner = source.createQueryRunner();
    await runner.query('PRAGMA synchronous = FULL');
    const [check] = (await runner.query('PRAGMA quick_check(1)')) as Row[];
    if (Object.values(check ?? {})[0] !== 'ok') throw corrupt(file, check);
    const [version] = (await runner.query('PRAGMA user_version')) as Row[];
    if (Number(version?.['user_version']) > SCHEMA_VERSION) throw tooNew(file);
    for (const statement of SCHEMA) await runner.query(statement);
    await runner.query(`PRAGMA user_version = ${SCHEMA_VERSION}`);
  } catch (error) {
    await source?.destroy().catch(() => undefined);
    throw failed(file, error);
  }
  const opened = source;
  let tail: Promise<unknown> = Promise.resolve();
  const inTurn = <T>(job: () => Promise<T>): Promise<T> => {
    const done = tail.then(job).catch((error: unknown) => {
      throw failed(file, error);
    });
    tail = done.catch(() => undefined);
    return done;
  };
  const query = (sql: string, values: readonly unknown[] = []): Promise<Row[]> =>
    runner.query(sql, [...values]);
  return {
    write: (job) =>
      inTurn(async () => {
        await query('BEGIN IMMEDIATE');
        try {
          const result = await job(query);
          await query('COMMIT');
          return result;
        } catch (error) {
          await query('ROLLBACK').catch(() => undefined);
          throw error;
        }
      }),
    read: (sql, values) => inTurn(() => query(sql, values)),
    async close() {
      await tail;
      if (opened.isInitialized) await opened.destroy();
    },
  };
}

/** The disk's fault as an AppError; anything that is no driver's error stays what it is. */
function failed(file: string, error: unknown): unknown {
  if (error instanceof AppError) return error;
  const { code, name, message } = error as { code?: unknown; name?: unknown; message?: unknown };
  if (name !== 'QueryFailedError' && typeof code !== 'string') return error;
  if (/SQLITE_(CORRUPT|NOTADB)/.test(`${String(code)} ${String(message)}`)) return corrupt(file, message);
  return new AppError({
    code: 'pool/store-failed',
    message: `the pool's file ${file} cannot be read or written: ${String(message)}`,
    next: 'check that the disk has room and that this user may write there; shares are refused until then',
    data: { file },
    cause: error,
  });
}

function corrupt(file: string, why: unknown): AppError {
  return new AppError({
    code: 'pool/store-corrupt',
    message: `the pool's file ${file} is damaged: ${JSON.stringify(why)}`,
    next: 'restore it from a backup: it alone says who is owed what. Without one, move it away; the pool then starts with nobody owed anything',
    data: { file },
  });
}

function tooNew(file: string): AppError {
  return new AppError({
    code: 'pool/store-too-new',
    message: `the pool's file ${file} was written by a newer version of Cairn`,
    next: 'start that version, or name another data folder',
    data: { file },
  });
}
