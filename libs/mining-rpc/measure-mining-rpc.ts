import type { Metrics } from '#metrics';
import type { MiningRpcStatistics } from './mining-rpc.js';

/** Shows what miners call in /metrics, read at each scrape; nothing while it is not served. */
export function measureMiningRpc(read: () => MiningRpcStatistics | undefined, metrics: Metrics): void {
  metrics.gauge('cairn_mining_rpc_calls_count', 'Calls by method.', ['method'], (gauge) => {
    for (const [method, count] of Object.entries(read()?.calls ?? {})) gauge.set({ method }, count);
  });
  metrics.gauge(
    'cairn_mining_rpc_blocks_count',
    'Submitted blocks: accepted, or why not.',
    ['verdict'],
    (gauge) => {
      for (const [verdict, count] of Object.entries(read()?.blocks ?? {})) gauge.set({ verdict }, count);
    },
  );
  metrics.gauge('cairn_mining_rpc_long_polls_count', 'Long polls that wait for other work.', [], (gauge) =>
    gauge.set(read()?.longPolls ?? 0),
  );
}
