import type { Metrics } from '#metrics';
import type { Miner } from './miner.js';

/** Shows a miner's statistics in /metrics, read at each scrape. */
export function measureMiner(miner: Miner, metrics: Metrics): void {
  metrics.gauge('cairn_miner_rate_hashes', 'Hashes a second over the last minute.', [], (gauge) =>
    gauge.set(miner.statistics().hashRate),
  );
  metrics.gauge('cairn_miner_shares_count', 'Hashes below the fixed share target.', [], (gauge) =>
    gauge.set(miner.statistics().shares),
  );
  metrics.gauge('cairn_miner_blocks_count', 'Blocks that the node took.', [], (gauge) =>
    gauge.set(miner.statistics().blocks),
  );
  metrics.gauge('cairn_miner_stale_solutions_count', 'Solutions that came too late.', [], (gauge) =>
    gauge.set(miner.statistics().stale),
  );
  metrics.gauge('cairn_miner_refused_solutions_count', 'Solutions refused by a rule.', [], (gauge) =>
    gauge.set(miner.statistics().refused),
  );
}
