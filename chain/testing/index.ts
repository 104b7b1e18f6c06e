/**
 * Owns: what tests of any law need: a chain of the rules alone in memory, wallets, blocks changed on purpose.
 * Does not own: contracts' scenarios (contracts/testing), disk (libs/ledger). Only tests import this.
 * Read next: memory-chain.ts.
 */
export * from './memory-chain.js';
export * from './mine-block.js';
export * from './state-snapshot.js';
export * from './wallet.js';
