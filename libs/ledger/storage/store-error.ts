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
  if (cause instanceof AppError || !(cause instanceof Error)) return cause;
  const code = errorCode(cause);
  if (code === undefined) return cause;
  if (code === 'SQLITE_CORRUPT' || code === 'SQLITE_NOTADB') return storeCorrupt(file, cause.message, cause);
  return new AppError({
    code: 'ledger/store-failed',
    message: `the database ${file} could not be used: ${cause.message}`,
    next: 'check that the folder exists, is writable and has free space; then start again, nothing half-written is kept',
    data: { file, reason: code },
    cause,
  });
}

function errorCode(error: Error): string | undefined {
  const own = (error as NodeJS.ErrnoException).code;
  const inner = (error as { driverError?: NodeJS.ErrnoException }).driverError?.code;
  return inner ?? own;
}
