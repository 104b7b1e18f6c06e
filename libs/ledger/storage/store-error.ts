import { AppError } from '#errors';

/** What to do about a damaged chain file; `--reset` is for networks whose data is disposable. */
const DAMAGED_NEXT =
  'stop this process, restore the file from a backup or move it away and start again: blocks are fetched anew from ' +
  'other nodes; on a devnet start with --reset';

/** A stored file that contradicts itself. Never used any further. */
export function storeCorrupt(file: string, what: string, cause?: unknown): AppError {
  return new AppError({
    code: 'ledger/store-corrupt',
    message: `the database ${file} is damaged: ${what}`,
    next: DAMAGED_NEXT,
    data: { file, what },
    cause,
  });
}

/** Translates what a driver threw; errors that are already ours pass through. */
export function storeFailure(file: string, cause: unknown): unknown {
  const code = errorCode(cause);
  if (cause instanceof AppError || code === undefined) return cause;
  const { message } = cause as Error;
  if (code === 'SQLITE_CORRUPT' || code === 'SQLITE_NOTADB') return storeCorrupt(file, message, cause);
  return new AppError({
    code: 'ledger/store-failed',
    message: `the database ${file} could not be used: ${message}`,
    next: 'check that the folder exists, is writable and has free space; then start again, nothing half-written is kept',
    data: { file, reason: code },
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
