import type { LedgerMethod } from '#node-api';

/** Message pattern of a method of the ledger port. One Redis serves one network of one operator. */
export function ledgerPattern(method: LedgerMethod): string {
  return `ledger.${method}`;
}

/** Message pattern of the event stream, read in portions. */
export const FOLLOW_PATTERN = 'ledger.follow';
