/**
 * Owns: a small mining pool: the share log, how a block's reward is divided, payouts that happen exactly once, and the
 *   composition of work source, Stratum server and payouts as one feature for its own process and for the site.
 * Does not own: the protocols (libs/stratum, libs/mining-rpc), the wallet's key (the process's keystore), blocks (chain).
 * Read next: pool.ts, payouts.ts, pool-store.ts, reward-split.ts, docs/operate/mining-hardware.md.
 */
export {
  miningAddresses,
  type PoolSurroundings,
  phraseToPoolKey,
  poolOptions,
  startMiningRpc,
} from './compose.js';
export { MaturedBlocks, type MaturedBlocksOptions } from './matured-blocks.js';
export { measurePool } from './measure-pool.js';
export { PAYOUT_LANE, Payouts, type PayoutsOptions } from './payouts.js';
export { createPool, type Pool, type PoolOptions, type PoolStatistics } from './pool.js';
export { POOL, PoolModule, type PoolModuleOptions, type PoolProvider } from './pool-module.js';
export { PoolStatusModule } from './pool-status-module.js';
export { type BlockRow, type PaymentRow, PoolStore, type PoolTotals } from './pool-store.js';
export { type PayoutScheme, type RewardSplit, SCHEMES, splitReward, takeWindow } from './reward-split.js';
