import 'reflect-metadata';
import { stat } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { DataSource, type DataSourceOptions, type EntitySchema } from 'typeorm';
import { type DatabaseName, readSuspicion, storeCorrupt, storeFailure } from './store-error.js';

/** Which driver opens SQLite files; both read the same file, so switching needs no migration. */
export type SqliteDriver = 'sqlite3' | 'better-sqlite3';

export interface DatabaseLocation {
  /** `sqlite:PATH` or `postgres://…`. */
  readonly url: string;
  readonly driver?: SqliteDriver;
}

/** What a database is for. */
export interface DatabaseRole {
  readonly entities: readonly EntitySchema[];
  /** FULL survives a power cut with everything committed; NORMAL may lose the last commits but never tears. */
  readonly durability: 'FULL' | 'NORMAL';
  /** What to do when it is damaged. */
  readonly whenDamaged: string;
}

export interface OpenDatabase extends DatabaseName {
  /** Takes part in one transaction at a time, through `Writer` only. */
  readonly writing: DataSource;
  /** Sees only committed data and cannot change any. */
  readonly reading: DataSource;
  close(): Promise<void>;
}

/** How long a statement waits for the other connection's lock. */
const BUSY_TIMEOUT_MS = 10_000;
/** Files up to this size have their pages checked at every start: some 50 ms. */
const ALWAYS_CHECKED_BYTES = 32 * 1024 * 1024;

/** The one place where database options are made. */
function dataSourceOptions(location: DatabaseLocation, entities: readonly EntitySchema[]): DataSourceOptions {
  const shared = { entities: [...entities], synchronize: false, logging: false };
  if (isPostgres(location.url)) {
    return { ...shared, type: 'postgres', url: location.url, poolSize: 8 };
  }
  const database = sqlitePath(location.url);
  if (location.driver === 'better-sqlite3') {
    return { ...shared, type: 'better-sqlite3', database, enableWAL: true, timeout: BUSY_TIMEOUT_MS };
  }
  return {
    ...shared,
    type: 'sqlite',
    database,
    enableWAL: true,
    busyTimeout: BUSY_TIMEOUT_MS,
    driver: loadSqlite(),
  };
}

/**
 * The driver without the long stack traces that TypeORM asks it for: they print every argument of every statement, blocks
 * and all, in case it fails. Loaded only where it is used, as TypeORM would.
 */
function loadSqlite(): unknown {
  const sqlite = createRequire(import.meta.url)('sqlite3') as object;
  const quiet = { ...sqlite, verbose: () => quiet };
  return quiet;
}

/**
 * Opens a database with two connections: on SQLite TypeORM shares ONE connection among all callers, so that of two
 * concurrent transactions one can lose its rows when the other rolls back. Hence one queued writer and a reader of its
 * own on the same WAL file, which the engine itself keeps from writing.
 * @throws AppError `ledger/store-failed`, `ledger/store-corrupt`
 */
export async function openDatabase(
  location: DatabaseLocation,
  { entities, durability, whenDamaged }: DatabaseRole,
): Promise<OpenDatabase> {
  const name: DatabaseName = { name: databaseName(location.url), whenDamaged };
  const opened: DataSource[] = [];
  const open = async (): Promise<DataSource> => {
    const source = await new DataSource(dataSourceOptions(location, entities)).initialize();
    opened.push(source);
    return source;
  };
  const close = async (): Promise<void> => {
    for (const source of opened.splice(0).reverse()) if (source.isInitialized) await source.destroy();
  };
  const isSqlite = !isPostgres(location.url);
  try {
    const isDoubtful = isSqlite && (await needsPageCheck(name));
    const writing = await open();
    if (isSqlite) await writing.query(`PRAGMA synchronous = ${durability}`);
    if (isDoubtful) await checkPages(writing, name);
    if (!(await hasTables(writing, entities))) await writing.synchronize();
    const reading = await open();
    if (isSqlite) await reading.query('PRAGMA query_only = ON');
    return { writing, reading, ...name, close };
  } catch (error) {
    await close().catch(() => undefined);
    throw storeFailure(name, error);
  }
}

/** The path of a `sqlite:PATH` location. */
export function sqlitePath(url: string): string {
  return url.replace(/^sqlite:/, '');
}

function isPostgres(url: string): boolean {
  return /^postgres(ql)?:/.test(url);
}

function databaseName(url: string): string {
  return isPostgres(url) ? url.replace(/\/\/[^@/]*@/, '//') : sqlitePath(url);
}

/**
 * Whether the pages are looked at before anything else: after a stop that was not clean (a clean one leaves no log) and
 * where it costs next to nothing. A large file that was closed properly opens at once; its damage is found when read.
 */
async function needsPageCheck(database: DatabaseName): Promise<boolean> {
  const suspicion = readSuspicion(database.name);
  if (suspicion !== undefined) throw storeCorrupt(database, suspicion);
  const [fileBytes, logBytes] = await Promise.all([sizeOf(database.name), sizeOf(`${database.name}-wal`)]);
  return logBytes > 0 || fileBytes <= ALWAYS_CHECKED_BYTES;
}

async function sizeOf(file: string): Promise<number> {
  return (await stat(file).catch(() => undefined))?.size ?? 0;
}

async function checkPages(source: DataSource, database: DatabaseName): Promise<void> {
  const rows = (await source.query('PRAGMA quick_check(1)')) as Record<string, string>[];
  const verdict = Object.values(rows[0] ?? {})[0];
  if (verdict !== 'ok') throw storeCorrupt(database, verdict ?? 'its page check gives no answer');
}

async function hasTables(source: DataSource, entities: readonly EntitySchema[]): Promise<boolean> {
  const runner = source.createQueryRunner();
  try {
    const first = entities[0];
    return first === undefined || (await runner.hasTable(source.getMetadata(first).tableName));
  } finally {
    await runner.release();
  }
}
