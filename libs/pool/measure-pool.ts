import type { Metrics } from '#metrics';
import { measureMiningRpc } from '#mining-rpc';
import { measureStratum } from '#stratum';
import type { Pool } from './pool.js';

/** Base units of a coin. */
const UNITS = 1e9;

/** Shows a pool's statistics in /metrics, read at each scrape; nothing before it has started and after it has stopped. */
export function measurePool(pool: Pool, metrics: Metrics): void {
  measureStratum(() => pool.stratum()?.statistics(), metrics);
  measureMiningRpc(() => pool.miningRpc?.statistics(), metrics);
  metrics.gauge(
    'cairn_pool_blocks_count',
    'Blocks the pool found, by what became of them.',
    ['state'],
    async (gauge) => {
      if (!pool.isRunning()) return;
      for (const [state, count] of Object.entries((await pool.store().totals()).blocks))
        gauge.set({ state }, count);
    },
  );
  metrics.gauge(
    'cairn_pool_money_coins',
    'What the pool earned, kept, credited, paid and owes, over its life.',
    ['part'],
    async (gauge) => {
      if (!pool.isRunning()) return;
      const { earned, fees, dust, credited, paid, networkFees, owed } = await pool.store().totals();
      for (const [part, amount] of Object.entries({
        earned,
        fees,
        dust,
        credited,
        paid,
        networkFees,
        owed,
      })) {
        gauge.set({ part }, Number(amount) / UNITS);
      }
    },
  );
}
