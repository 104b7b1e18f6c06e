/**
 * Owns: the built-in miner: templates from a ledger port, nonce search on threads, pace and share, statistics.
 * Does not own: what a valid block is (chain), building templates (libs/ledger), Stratum, the process (apps/miner).
 * Read next: miner.ts, pacer.ts, nonce-search.ts, docs/operate/miner.md.
 */
export { createHashRateMeter, type HashRateMeter } from './hash-rate.js';
export { measureMiner } from './measure-miner.js';
export { createMiner, type Miner, type MinerOptions, type MinerStatistics } from './miner.js';
export { MINER, MinerModule, type MinerModuleOptions } from './miner-module.js';
export {
  createHeaderSearch,
  HASHES_PER_SHARE,
  type HeaderSearch,
  NONCE_COUNT,
  NONCE_OFFSET,
} from './nonce-search.js';
export { createPacer, type MinerClock, type Pacer, type PacerOptions, systemClock } from './pacer.js';
export { createScalarKernel } from './scalar-kernel.js';
export { createWork, type Solution, type Work } from './work.js';
export {
  createWorkerSearch,
  type FoundNonce,
  type NonceSearch,
  type WorkerSearchOptions,
} from './worker-search.js';
