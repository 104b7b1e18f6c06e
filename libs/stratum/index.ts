/**
 * Owns: Stratum v1 for mining hardware: the server, its sessions, jobs, shares, variable difficulty, limits and bans.
 * Does not own: where work comes from (libs/mining-work), what shares are worth and who is paid (libs/pool), blocks (chain).
 * Read next: stratum-server.ts, session.ts, job.ts, docs/protocol/mining.md, docs/operate/mining-hardware.md.
 */
export { type JobParams, jobToNotify, type ShareFields, shareToHeader, swapWords } from './job.js';
export { DEFAULT_STRATUM_LIMITS, type StratumLimits } from './limits.js';
export { measureStratum } from './measure-stratum.js';
export { STRATUM_ERRORS, type StratumErrorCode } from './messages.js';
export type {
  AcceptedShare,
  FoundBlock,
  Payee,
  ShareSink,
  StratumStatistics,
  WorkerStatistics,
} from './ports.js';
export { createStratumServer, type StratumOptions, type StratumServer } from './stratum-server.js';
export {
  createVariableDifficulty,
  type DifficultyRange,
  type VariableDifficulty,
} from './variable-difficulty.js';
