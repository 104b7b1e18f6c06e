/**
 * Owns: what tests with real processes share: is it alive, wait until something holds.
 * Does not own: starting processes (spawnChild).
 * Read next: processes.ts.
 */
export { isProcessAlive, waitUntil } from './processes.js';
