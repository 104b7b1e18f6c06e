import { AppError } from '#errors';

/** A database as its errors name it. */
export interface DatabaseName {
  /** The file, or the server without its password. */
  readonly name: string;
  /** What to do when its contents are damaged. */
  readonly whenDamaged: string;
}

/** Stored data that contradicts itself. Never used any further. */
export function storeCorrupt({ name, whenDamaged }: DatabaseName, what: string, cause?: unknown): AppError {
  return new AppError({
    code: 'ledger/store-corrupt',
    message: `the database ${name} is damaged: ${what}`,
    next: whenDamaged,
    data: { file: name, what },
    cause,
  });
}

/** Translates what a driver threw; errors that are already ours pass through. */
export function storeFailure(database: DatabaseName, cause: unknown): unknown {
  const code = errorCode(cause);
  if (cause instanceof AppError || code === undefined) return cause;
  const { message } = cause as Error;
  if (code === 'SQLITE_CORRUPT' || code === 'SQLITE_NOTADB') return storeCorrupt(database, message, cause);
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
