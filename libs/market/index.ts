/**
 * Owns: the order book of offers and how one is matched, the itemised quote before, the real bill after; pure.
 * Does not own: the arithmetic of prices (contracts/money), who is chosen (libs/placement), reading the ledger.
 * Read next: quote.ts, order-book.ts, bill.ts, contracts/money/price.ts.
 */
export * from './bill.js';
export * from './fee.js';
export * from './order-book.js';
export * from './quote.js';
export * from './read-bill.js';
export * from './span.js';
