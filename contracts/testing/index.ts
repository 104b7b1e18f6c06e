/**
 * Owns: one contract's life over real bytes for tests: funded parties, an offer, form, proofs, misses, ends.
 * Does not own: the chain below (chain/testing). Only tests import this.
 * Read next: contract-scenario.ts.
 */
export * from './changes.js';
export * from './contract-scenario.js';
export * from './repair-scenario.js';
