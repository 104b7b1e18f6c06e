import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import sqlite3 from 'sqlite3';
import { AppError } from '#errors';
import { MAX_FAILED_KEPT, MAX_LOST_LEASES } from './job-definition.js';
import type { FailedJob, JobCounts } from './job-queue.js';

const SCHEMA_VERSION = 1;

/** How long a statement waits for another process's lock on the file before it fails. */
const BUSY_TIMEOUT_MS = 10_000;

// Only live jobs hold their id: the partial index is the whole de-duplication.
const SCHEMA = `
  CREATE TABLE IF NOT EXISTS jobs (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL,
    job_id TEXT NOT NULL,
    payload TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('waiting', 'active', 'failed')),
    due_at INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    backoff_ms INTEGER NOT NULL,
    attempts_made INTEGER NOT NULL DEFAULT 0,
    lost_leases INTEGER NOT NULL DEFAULT 0,
    lease_token TEXT,
    lease_until INTEGER,
    last_error TEXT,
    failed_at INTEGER
  ) STRICT;
  CREATE UNIQUE INDEX IF NOT EXISTS jobs_live_id ON jobs (name, job_id) WHERE state <> 'failed';
  CREATE INDEX IF NOT EXISTS jobs_due ON jobs (name, state, due_at, seq);
  CREATE INDEX IF NOT EXISTS jobs_lease ON jobs (name, lease_until) WHERE state = 'active';
`;

/** A job that this worker has leased. */
export interface LeasedJob {
  readonly seq: number;
  readonly jobId: string;
  readonly payloadText: string;
  readonly attemptsMade: number;
  readonly attempts: number;
  readonly backoffMs: number;
  /** Every change of the row is fenced by it: after the lease is lost, nothing of ours applies any more. */
  readonly leaseToken: string;
}

interface NewJob {
  readonly name: string;
  readonly jobId: string;
  readonly payloadText: string;
  readonly dueAt: number;
  readonly attempts: number;
  readonly backoffMs: number;
}

/**
 * The table behind the embedded queue. Every operation is one SQL statement, thus atomic by itself, whatever number
 * of processes share the file; no transaction stays open across an await.
 */
export interface JobTable {
  insert(job: NewJob): Promise<boolean>;
  /** When the next waiting job is due and when the next lease ends, in milliseconds since 1970. */
  peek(name: string): Promise<{ readonly dueAt: number | null; readonly leaseUntil: number | null }>;
  lease(name: string, limit: number, now: number, leaseUntil: number, token: string): Promise<LeasedJob[]>;
  /** The sequence numbers among `held` that still belong to their token. */
  renew(held: readonly LeasedJob[], leaseUntil: number): Promise<ReadonlySet<number>>;
  complete(job: LeasedJob): Promise<void>;
  release(job: LeasedJob): Promise<void>;
  retry(job: LeasedJob, dueAt: number, error: string): Promise<void>;
  fail(name: string, job: LeasedJob, failedAt: number, error: string): Promise<void>;
  /** Puts jobs whose lease has ended back to waiting; those that lost too many workers fail. */
  recover(name: string, now: number): Promise<number>;
  counts(name: string, now: number): Promise<JobCounts>;
  failed(name: string, limit: number): Promise<FailedJob[]>;
  remove(name: string, jobId: string): Promise<boolean>;
  close(): Promise<void>;
}

type Row = Record<string, string | number | null>;

/** Opens the table, creating file and schema where missing. */
export async function openJobTable(file: string): Promise<JobTable> {
  const sql = await openFile(file);
  return {
    async insert(job) {
      const values = [job.name, job.jobId, job.payloadText, job.dueAt, job.attempts, job.backoffMs];
      return (
        (await sql.run(
          `INSERT INTO jobs (name, job_id, payload, state, due_at, attempts, backoff_ms)
           VALUES (?, ?, ?, 'waiting', ?, ?, ?) ON CONFLICT DO NOTHING`,
          values,
        )) === 1
      );
    },
    async peek(name) {
      const [row] = await sql.all(
        `SELECT (SELECT MIN(due_at) FROM jobs WHERE name = ? AND state = 'waiting') AS due_at,
                (SELECT MIN(lease_until) FROM jobs WHERE name = ? AND state = 'active') AS lease_until`,
        [name, name],
      );
      return { dueAt: row!['due_at'] as number | null, leaseUntil: row!['lease_until'] as number | null };
    },
    async lease(name, limit, now, leaseUntil, token) {
      const rows = await sql.all(
        `UPDATE jobs SET state = 'active', lease_token = ?, lease_until = ?
         WHERE seq IN (SELECT seq FROM jobs WHERE name = ? AND state = 'waiting' AND due_at <= ?
                       ORDER BY due_at, seq LIMIT ?)
         RETURNING seq, job_id, payload, attempts_made, attempts, backoff_ms, due_at`,
        [token, leaseUntil, name, now, limit],
      );
      rows.sort((a, b) => Number(a['due_at']) - Number(b['due_at']) || Number(a['seq']) - Number(b['seq']));
      return rows.map((row) => ({
        seq: row['seq'] as number,
        jobId: row['job_id'] as string,
        payloadText: row['payload'] as string,
        attemptsMade: row['attempts_made'] as number,
        attempts: row['attempts'] as number,
        backoffMs: row['backoff_ms'] as number,
        leaseToken: token,
      }));
    },
    async renew(held, leaseUntil) {
      const rows = await sql.all(
        `UPDATE jobs SET lease_until = ?
         WHERE (seq, lease_token) IN (SELECT value ->> 0, value ->> 1 FROM json_each(?)) AND state = 'active'
         RETURNING seq`,
        [leaseUntil, JSON.stringify(held.map((job) => [job.seq, job.leaseToken]))],
      );
      return new Set(rows.map((row) => row['seq'] as number));
    },
    async complete(job) {
      await sql.run('DELETE FROM jobs WHERE seq = ? AND lease_token = ?', [job.seq, job.leaseToken]);
    },
    async release(job) {
      await sql.run(
        `UPDATE jobs SET state = 'waiting', lease_token = NULL, lease_until = NULL WHERE seq = ? AND lease_token = ?`,
        [job.seq, job.leaseToken],
      );
    },
    async retry(job, dueAt, error) {
      await sql.run(
        `UPDATE jobs SET state = 'waiting', lease_token = NULL, lease_until = NULL, due_at = ?, last_error = ?,
           attempts_made = attempts_made + 1
         WHERE seq = ? AND lease_token = ?`,
        [dueAt, error, job.seq, job.leaseToken],
      );
    },
    async fail(name, job, failedAt, error) {
      await sql.run(
        `UPDATE jobs SET state = 'failed', lease_token = NULL, lease_until = NULL, failed_at = ?, last_error = ?,
           attempts_made = attempts_made + 1
         WHERE seq = ? AND lease_token = ?`,
        [failedAt, error, job.seq, job.leaseToken],
      );
      await sql.run(
        `DELETE FROM jobs WHERE seq IN (SELECT seq FROM jobs WHERE name = ? AND state = 'failed'
           ORDER BY failed_at DESC, seq DESC LIMIT -1 OFFSET ?)`,
        [name, MAX_FAILED_KEPT],
      );
    },
    recover: (name, now) =>
      sql.run(
        `UPDATE jobs SET lease_token = NULL, lease_until = NULL, lost_leases = lost_leases + 1,
           state = IIF(lost_leases >= ?, 'failed', 'waiting'), failed_at = IIF(lost_leases >= ?, ?, NULL),
           last_error = 'the worker died or stopped renewing its lease ' || (lost_leases + 1) || ' times'
         WHERE name = ? AND state = 'active' AND lease_until < ?`,
        [MAX_LOST_LEASES, MAX_LOST_LEASES, now, name, now],
      ),
    async counts(name, now) {
      const [row] = await sql.all(
        `SELECT COUNT(*) FILTER (WHERE state = 'waiting' AND due_at <= ?) AS waiting,
                COUNT(*) FILTER (WHERE state = 'waiting' AND due_at > ?) AS delayed,
                COUNT(*) FILTER (WHERE state = 'active') AS active,
                COUNT(*) FILTER (WHERE state = 'failed') AS failed
         FROM jobs WHERE name = ?`,
        [now, now, name],
      );
      return row as unknown as JobCounts;
    },
    async failed(name, limit) {
      const rows = await sql.all(
        `SELECT job_id, payload, attempts_made, last_error, failed_at FROM jobs WHERE name = ? AND state = 'failed'
         ORDER BY failed_at DESC, seq DESC LIMIT ?`,
        [name, limit],
      );
      return rows.map((row) => ({
        jobId: row['job_id'] as string,
        payload: JSON.parse(row['payload'] as string) as unknown,
        attemptsMade: row['attempts_made'] as number,
        lastError: row['last_error'] as string,
        failedAt: row['failed_at'] as number,
      }));
    },
    remove: async (name, jobId) =>
      (await sql.run(`DELETE FROM jobs WHERE name = ? AND job_id = ? AND state = 'waiting'`, [
        name,
        jobId,
      ])) === 1,
    close: sql.close,
  };
}

interface Sql {
  /** Resolves to the number of changed rows. */
  run(statement: string, values: readonly (string | number)[]): Promise<number>;
  all(statement: string, values?: readonly (string | number)[]): Promise<Row[]>;
  close(): Promise<void>;
}

async function openFile(file: string): Promise<Sql> {
  const database = await new Promise<sqlite3.Database>((resolve, reject) => {
    try {
      mkdirSync(dirname(file), { recursive: true });
    } catch (cause) {
      reject(storeFailed(file, cause));
      return;
    }
    const opened: sqlite3.Database = new sqlite3.Database(file, (error) => {
      if (error === null) resolve(opened);
      else reject(storeFailed(file, error));
    });
  });
  // One connection, one statement at a time; other processes are waited for.
  database.serialize();
  database.configure('busyTimeout', BUSY_TIMEOUT_MS);
  const sql: Sql = {
    run: (statement, values) =>
      new Promise((resolve, reject) => {
        database.run(statement, values, function (this: sqlite3.RunResult, error: Error | null) {
          if (error === null) resolve(this.changes);
          else reject(storeFailed(file, error));
        });
      }),
    all: (statement, values = []) =>
      new Promise((resolve, reject) => {
        database.all(statement, values, (error: Error | null, rows: Row[]) => {
          if (error === null) resolve(rows);
          else reject(storeFailed(file, error));
        });
      }),
    close: () =>
      new Promise((resolve, reject) => {
        database.close((error) => (error === null ? resolve() : reject(storeFailed(file, error))));
      }),
  };
  try {
    await prepareSchema(sql, database, file);
  } catch (error) {
    await sql.close().catch(() => undefined);
    throw error;
  }
  return sql;
}

async function prepareSchema(sql: Sql, database: sqlite3.Database, file: string): Promise<void> {
  // A process killed with -9 loses nothing in WAL mode; only a power cut may cost the last commits (ADR 0005).
  await sql.all('PRAGMA journal_mode = WAL');
  await sql.all('PRAGMA synchronous = NORMAL');
  const [row] = await sql.all('PRAGMA user_version');
  const version = Number(row?.['user_version'] ?? 0);
  if (version > SCHEMA_VERSION) {
    throw new AppError({
      code: 'jobs/store-too-new',
      message: `the job queue ${file} has schema ${version}; this program knows ${SCHEMA_VERSION}`,
      next: 'run the newer version of Cairn that wrote it',
      data: { file, version },
    });
  }
  await new Promise<void>((resolve, reject) => {
    database.exec(`BEGIN IMMEDIATE; ${SCHEMA} PRAGMA user_version = ${SCHEMA_VERSION}; COMMIT`, (error) =>
      error === null ? resolve() : reject(storeFailed(file, error)),
    );
  });
}

function storeFailed(file: string, cause: unknown): AppError {
  const code = (cause as NodeJS.ErrnoException).code ?? '';
  const isCorrupt = code === 'SQLITE_CORRUPT' || code === 'SQLITE_NOTADB';
  return new AppError({
    code: isCorrupt ? 'jobs/store-corrupt' : 'jobs/store-failed',
    message: `the job queue ${file} ${isCorrupt ? 'is damaged' : 'failed'}: ${cause instanceof Error ? cause.message : String(cause)}`,
    next: isCorrupt
      ? 'restore the file from a backup or move it away; jobs still due are made again from the ledger'
      : 'check that the folder exists, is writable and has space',
    data: { file },
    cause,
  });
}
