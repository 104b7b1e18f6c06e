import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import sqlite3 from 'sqlite3';
import { AppError } from '#errors';

/** A row as SQLite gives it back. Amounts are TEXT: the driver rounds integers above 2^53. */
export type Row = Record<string, string | number | Uint8Array | null>;
type Value = string | number | Uint8Array | null;

/** One SQLite file of the provider. Every statement is its own transaction, one after the other. */
export interface SqlFile {
  run(statement: string, values?: readonly Value[]): Promise<void>;
  all(statement: string, values?: readonly Value[]): Promise<Row[]>;
  close(): Promise<void>;
}

export interface SqlFileOptions {
  readonly file: string;
  /** Statements that make the tables where they are missing. */
  readonly schema: string;
  /** FULL: a commit survives a power cut. NORMAL: it survives kill -9. */
  readonly durability: 'FULL' | 'NORMAL';
}

const SCHEMA_VERSION = 1;

/**
 * Opens the file, checks its pages, makes its tables.
 * @throws AppError `provider/store-corrupt`, `provider/store-failed`, `provider/store-too-new`
 */
export async function openSqlFile(options: SqlFileOptions): Promise<SqlFile> {
  const database = await openDatabase(options.file);
  database.serialize();
  const sql = wrap(database, options.file);
  try {
    await sql.all('PRAGMA journal_mode = WAL');
    await sql.all(`PRAGMA synchronous = ${options.durability}`);
    const [check] = await sql.all('PRAGMA quick_check(1)');
    const verdict = Object.values(check ?? {})[0];
    if (verdict !== 'ok') throw corrupt(options.file, String(verdict), undefined);
    const [row] = await sql.all('PRAGMA user_version');
    const version = Number(row?.['user_version'] ?? 0);
    if (version > SCHEMA_VERSION) throw tooNew(options.file, version);
    await execute(database, options.file, `${options.schema} PRAGMA user_version = ${SCHEMA_VERSION};`);
    return sql;
  } catch (error) {
    await sql.close().catch(() => undefined);
    throw error;
  }
}

function openDatabase(file: string): Promise<sqlite3.Database> {
  return new Promise((resolve, reject) => {
    try {
      mkdirSync(dirname(file), { recursive: true });
    } catch (cause) {
      reject(failed(file, cause));
      return;
    }
    const database: sqlite3.Database = new sqlite3.Database(file, (error) =>
      error === null ? resolve(database) : reject(failed(file, error)),
    );
  });
}

function wrap(database: sqlite3.Database, file: string): SqlFile {
  // The texts are few and fixed: parsing one again costs as much as running it.
  const prepared = new Map<string, sqlite3.Statement>();
  const statementOf = (text: string, onError: (error: Error) => void): sqlite3.Statement => {
    const known = prepared.get(text);
    if (known !== undefined) return known;
    const statement = database.prepare(text, (error: Error | null) => {
      if (error === null) return;
      prepared.delete(text);
      onError(error);
    });
    prepared.set(text, statement);
    return statement;
  };
  return {
    run: (text, values = []) =>
      new Promise((resolve, reject) => {
        const fail = (error: Error): void => reject(failed(file, error));
        statementOf(text, fail).run(values, (error: Error | null) =>
          error === null ? resolve() : fail(error),
        );
      }),
    all: (text, values = []) =>
      new Promise((resolve, reject) => {
        const fail = (error: Error): void => reject(failed(file, error));
        statementOf(text, fail).all(values, (error: Error | null, rows: Row[]) =>
          error === null ? resolve(rows) : fail(error),
        );
      }),
    close: () =>
      new Promise((resolve, reject) => {
        for (const statement of prepared.values()) statement.finalize();
        prepared.clear();
        database.close((error) => (error === null ? resolve() : reject(failed(file, error))));
      }),
  };
}

function execute(database: sqlite3.Database, file: string, statements: string): Promise<void> {
  return new Promise((resolve, reject) => {
    database.exec(statements, (error) => (error === null ? resolve() : reject(failed(file, error))));
  });
}

function failed(file: string, cause: unknown): AppError {
  const code = (cause as NodeJS.ErrnoException).code ?? '';
  const text = cause instanceof Error ? cause.message : String(cause);
  if (code === 'SQLITE_CORRUPT' || code === 'SQLITE_NOTADB') return corrupt(file, text, cause);
  return new AppError({
    code: 'provider/store-failed',
    message: `the provider's records ${file} failed: ${text}`,
    next: 'check that the folder exists, is writable and has space',
    data: { file },
    cause,
  });
}

function corrupt(file: string, text: string, cause: unknown): AppError {
  return new AppError({
    code: 'provider/store-corrupt',
    message: `the provider's records ${file} are damaged: ${text}`,
    next: 'restore the file from a backup, or move it away: contracts and their fragments are found again on the ledger, only room promised for uploads under way is forgotten',
    data: { file },
    cause,
  });
}

function tooNew(file: string, version: number): AppError {
  return new AppError({
    code: 'provider/store-too-new',
    message: `the provider's records ${file} have schema ${version}; this program knows ${SCHEMA_VERSION}`,
    next: 'run the newer version of Cairn that wrote them',
    data: { file, version },
  });
}
