import type { FileEntry } from '#catalogue';
import { AppError } from '#errors';
import type { ClientContext } from '../context.js';

/**
 * The error to report where a file could not be fetched: `fetch/expired` where its paid time is over, since then its
 * providers have deleted it rightly and no later try helps. Any other error is answered as it is.
 */
export async function explainExpiry(
  context: ClientContext,
  entry: FileEntry,
  error: unknown,
): Promise<unknown> {
  if (!(error instanceof AppError) || error.code !== 'fetch/too-few-fragments') return error;
  const { tip } = await context.ledger.status();
  const paidUntilHeight = Number(entry.paidUntilHeight);
  if (paidUntilHeight > tip.height) return error;
  return new AppError({
    code: 'fetch/expired',
    message: `'${entry.path}' was paid for until block ${paidUntilHeight}, and the chain is at ${tip.height}: its providers have deleted it.`,
    next: 'Store it again if you still have it, for more epochs (`cairn put --epochs`); `cairn ls` shows what is still paid for.',
    data: { path: entry.path, paidUntilHeight, height: tip.height },
    cause: error,
  });
}
