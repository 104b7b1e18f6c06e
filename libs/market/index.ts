/**
 * Owns: the order book of offers and the itemised quote.
 * Does not own: the arithmetic of prices (contracts/money), who is chosen (libs/placement).
 * Read next: quote.ts, contracts/money/price.ts.
 */
export * from './quote.js';
