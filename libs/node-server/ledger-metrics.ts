import { Inject, Injectable, Module } from '@nestjs/common';
import type { HealthCheck } from '#health';
import { LEDGER, type LedgerPort } from '#ledger';
import { METRICS, type Metrics } from '#metrics';

/** What /metrics says about the ledger; read at each scrape. */
@Injectable()
class LedgerMetrics {
  constructor(@Inject(LEDGER) ledger: LedgerPort, @Inject(METRICS) metrics: Metrics) {
    metrics.gauge('cairn_chain_tip_height', 'Height of the best chain.', [], async (gauge) =>
      gauge.set((await ledger.status()).tip.height),
    );
    metrics.gauge('cairn_chain_index_height', "Height the explorer's index has reached.", [], async (gauge) =>
      gauge.set((await ledger.status()).indexHeight),
    );
    metrics.gauge('cairn_chain_tip_timestamp_seconds', 'Time of the newest block.', [], async (gauge) =>
      gauge.set(Date.parse((await ledger.status()).tip.time) / 1_000),
    );
    metrics.gauge('cairn_mempool_transactions_count', 'Transactions that wait.', [], async (gauge) =>
      gauge.set((await ledger.status()).mempool.count),
    );
    metrics.gauge('cairn_mempool_bytes', 'Bytes of transactions that wait.', [], async (gauge) =>
      gauge.set((await ledger.status()).mempool.sizeBytes),
    );
  }
}

/** Measures the process's ledger; needs MetricsModule beside it. */
@Module({ providers: [LedgerMetrics] })
export class LedgerMetricsModule {}

/** Ready when the ledger answers. */
export function ledgerHealthCheck(ledger: LedgerPort): HealthCheck {
  return { name: 'ledger', check: async () => void (await ledger.status()) };
}
