import { AppError } from '#errors';

/** What a ledger that is closed answers, in place of some driver's complaint. */
export function closedError(): AppError {
  return new AppError({
    code: 'ledger/closed',
    message: 'the ledger is closed: its process is stopping',
    next: 'try again when it is up',
  });
}
