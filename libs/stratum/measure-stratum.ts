import type { Metrics } from '#metrics';
import type { StratumStatistics } from './ports.js';

/** Shows a server's statistics in /metrics, read at each scrape; nothing while there is no server. */
export function measureStratum(read: () => StratumStatistics | undefined, metrics: Metrics): void {
  const single = (name: string, help: string, pick: (statistics: StratumStatistics) => number): void => {
    metrics.gauge(name, help, [], (gauge) => {
      const statistics = read();
      if (statistics !== undefined) gauge.set(pick(statistics));
    });
  };
  single('cairn_stratum_connections_count', 'Open connections of miners.', ({ connections }) => connections);
  single(
    'cairn_stratum_authorized_count',
    'Connections with at least one user.',
    ({ authorized }) => authorized,
  );
  single(
    'cairn_stratum_banned_addresses_count',
    'Addresses that may not connect now.',
    ({ bannedAddresses }) => bannedAddresses,
  );
  single(
    'cairn_stratum_rate_hashes',
    'Hashes a second by the accepted shares of the last ten minutes.',
    ({ hashRate }) => hashRate,
  );
  metrics.gauge(
    'cairn_stratum_shares_count',
    'Shares and messages by verdict: accepted, or why they were refused.',
    ['verdict'],
    (gauge) => {
      const statistics = read();
      if (statistics === undefined) return;
      gauge.set({ verdict: 'accepted' }, statistics.accepted);
      for (const [verdict, count] of Object.entries(statistics.refused)) gauge.set({ verdict }, count);
    },
  );
}
