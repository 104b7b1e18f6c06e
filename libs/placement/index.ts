/**
 * Owns: which providers a segment's fragments go to: failure domains, room, price, liveness.
 * Does not own: prices (libs/market), moving bytes (libs/client), who holds what (libs/registry).
 * Read next: choose.ts.
 */
export * from './choose.js';
export * from './durability.js';
