/**
 * Owns: transactions of a chosen size for tests of quotes.
 * Does not own: the law they obey (chain, contracts).
 * Read next: ../quote.test.ts.
 */
export * from './form-transaction.js';
