import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { AppError } from '#errors';
import { closedError } from '../closed-error.js';

/** A database as its errors name it. */
export interface DatabaseName {
  /** The file, or the server without its password. */
  readonly name: string;
  /** What to do when its contents are damaged. */
  readonly whenDamaged: string;
}

/**
 * Stored data that contradicts itself. Never used any further: a note is left beside the file, so that the next start
 * does not trust it again, whether its page check sees the damage or not.
 */
export function storeCorrupt({ name, whenDamaged }: DatabaseName, what: string, cause?: unknown): AppError {
  markSuspect(name, what);
  return new AppError({
    code: 'ledger/store-corrupt',
    message: `the database ${name} is damaged: ${what}`,
    next: whenDamaged,
    data: { file: name, what },
    cause,
  });
}

/** Leaves the note that a file is not to be trusted; `what` says why. Nothing where there is no such file. */
export function markSuspect(file: string, what: string): void {
  try {
    if (existsSync(file)) writeFileSync(suspectNote(file), `${what}\n`);
  } catch {
    // A disk that takes no note either: the error itself still says what is wrong.
  }
}

/** Why a file is not to be trusted, or undefined where nothing is known against it. */
export function readSuspicion(file: string): string | undefined {
  try {
    return readFileSync(suspectNote(file), 'utf8').trim();
  } catch {
    return undefined;
  }
}

/** The note beside a file. */
export function suspectNote(file: string): string {
  return `${file}.suspect`;
}

/** Whether SQLite found a contradiction: in its pages or in its tables. */
function isContradiction(code: string, message: string): boolean {
  if (code === 'SQLITE_CORRUPT' || code === 'SQLITE_NOTADB') return true;
  return /no such (table|column)|malformed/.test(message);
}

/** Translates what a driver threw; errors that are already ours pass through. */
export function storeFailure(database: DatabaseName, cause: unknown): unknown {
  // A late call while the process stops is nobody's fault; TypeORM's error for it has no code.
  if (cause instanceof Error && cause.name === 'ConnectionIsNotSetError') return closedError();
  const code = errorCode(cause);
  if (cause instanceof AppError || code === undefined) return cause;
  const { message } = cause as Error;
  if (isContradiction(code, message)) return storeCorrupt(database, message, cause);
  return new AppError({
    code: 'ledger/store-failed',
    message: `the database ${database.name} could not be used: ${message}`,
    next: 'check that its folder is there, writable and has free space, or that its server answers; nothing half-written is kept',
    data: { file: database.name, reason: code },
    cause,
  });
}

/** The driver's code; TypeORM wraps failed queries. */
function errorCode(cause: unknown): string | undefined {
  if (typeof cause !== 'object' || cause === null) return undefined;
  const { code, driverError } = cause as { code?: unknown; driverError?: { code?: unknown } };
  const found = driverError?.code ?? code;
  return typeof found === 'string' ? found : undefined;
}
