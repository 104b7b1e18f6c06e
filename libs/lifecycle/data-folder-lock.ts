import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sqlite3 from 'sqlite3';
import { AppError } from '#errors';

/** The right of this process to use a data folder. */
export interface DataFolderLock {
  /** Gives the folder back. May be called again. */
  readonly release: () => Promise<void>;
}

interface Holder {
  readonly pid: number;
  readonly name: string;
}

const lockFile = '.lock';
const holderFile = '.lock-holder.json';

/**
 * Takes a data folder (created when missing) for this process alone. AppError `data-folder/in-use` names the folder,
 * the process that has it and what to do. The lock is SQLite's exclusive lock on an empty database: the kernel gives it
 * back when its holder dies in any way, so a stale lock cannot exist; process ids, which are used again, only inform.
 */
export async function lockDataFolder(folder: string, name: string): Promise<DataFolderLock> {
  const database = await openLock(folder);
  try {
    await execute(database, 'BEGIN EXCLUSIVE');
    const holder: Holder = { pid: process.pid, name };
    await writeFile(join(folder, holderFile), `${JSON.stringify(holder)}\n`);
  } catch (error) {
    await close(database);
    throw codeOf(error) === 'SQLITE_BUSY' ? await inUse(folder) : notUsable(folder, error);
  }
  let released: Promise<void> | undefined;
  const release = async (): Promise<void> => {
    await rm(join(folder, holderFile), { force: true });
    await close(database);
  };
  return {
    release: () => {
      released ??= release();
      return released;
    },
  };
}

async function openLock(folder: string): Promise<sqlite3.Database> {
  try {
    await mkdir(folder, { recursive: true });
    return await new Promise((resolve, reject) => {
      const database = new sqlite3.Database(join(folder, lockFile), (error) =>
        error === null ? resolve(database) : reject(error),
      );
    });
  } catch (error) {
    throw notUsable(folder, error);
  }
}

async function inUse(folder: string): Promise<AppError> {
  const holder = await readHolder(folder);
  const who = holder === undefined ? 'another process' : `process ${holder.pid} (${holder.name})`;
  return new AppError({
    code: 'data-folder/in-use',
    message: `The data folder ${folder} is in use by ${who}.`,
    next: `Stop ${who}, or give this one a folder of its own.`,
    data: { folder, ...holder },
  });
}

async function readHolder(folder: string): Promise<Holder | undefined> {
  try {
    return JSON.parse(await readFile(join(folder, holderFile), 'utf8')) as Holder;
  } catch {
    return undefined; // between its lock and its note: who it is cannot be said, that it is there can
  }
}

function notUsable(folder: string, error: unknown): AppError {
  const reason = error instanceof Error ? error.message : String(error);
  return new AppError({
    code: 'data-folder/not-usable',
    message: `The data folder ${folder} cannot be used: ${reason}`,
    next: 'Check that it is a folder, that this user may write in it and that its disk has space.',
    data: { folder },
    cause: error,
  });
}

function execute(database: sqlite3.Database, sql: string): Promise<void> {
  return new Promise((resolve, reject) => {
    database.exec(sql, (error) => (error === null ? resolve() : reject(error)));
  });
}

function close(database: sqlite3.Database): Promise<void> {
  return new Promise((resolve, reject) => {
    database.close((error) => (error === null ? resolve() : reject(error)));
  });
}

function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException).code;
}
