/**
 * Owns: what servers of mining hardware share: the newest template of a ledger, kept fresh by its events; a coinbase
 *   for any account; handing in a solution; difficulty as miners count it.
 * Does not own: searching (libs/mining), the protocols miners speak (libs/stratum, libs/mining-rpc), building templates
 *   (libs/ledger), what a valid block is (chain).
 * Read next: work-source.ts, mining-work.ts, docs/protocol/mining.md.
 */
export {
  DIFFICULTY_ONE_TARGET,
  difficultyToHashes,
  difficultyToTarget,
  floorDifficulty,
  MAX_DIFFICULTY,
  MIN_DIFFICULTY,
  targetToDifficulty,
} from './difficulty.js';
export { createMiningWork, type MiningWork, sha256d, workToCoinbase } from './mining-work.js';
export {
  createWorkSource,
  type MinedSolution,
  requireNetwork,
  type SubmitOutcome,
  type WorkChange,
  type WorkSource,
  type WorkSourceOptions,
} from './work-source.js';
