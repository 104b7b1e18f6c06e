import { Inject, Injectable, Module } from '@nestjs/common';
import type { HealthCheck } from '#health';
import { METRICS, type Metrics } from '#metrics';
import type { Provider } from '../provider.js';
import { PROVIDER } from './tokens.js';

/** What /metrics says about the provider; read at each scrape. */
@Injectable()
class ProviderMetrics {
  constructor(@Inject(PROVIDER) provider: Provider, @Inject(METRICS) metrics: Metrics) {
    const { context, watch, statusReader } = provider;
    const { records, store } = context;
    metrics.gauge('cairn_provider_stored_bytes', 'Bytes of stored fragments.', [], (gauge) =>
      gauge.set(store.usedBytes()),
    );
    metrics.gauge('cairn_provider_capacity_bytes', 'Bytes offered.', [], (gauge) =>
      gauge.set(store.capacityBytes()),
    );
    metrics.gauge('cairn_provider_disk_free_bytes', 'Bytes free on the disk.', [], async (gauge) =>
      gauge.set(await store.diskFreeBytes()),
    );
    metrics.gauge(
      'cairn_provider_contracts_count',
      'Contracts by state: reserved, agreed, formed, settled.',
      ['state'],
      (gauge) => {
        gauge.reset();
        for (const { state } of records.contracts()) gauge.inc({ state });
      },
    );
    metrics.gauge('cairn_provider_corrupt_fragments_count', 'Fragments found rotten or lost.', [], (gauge) =>
      gauge.set(records.corruptFragments().length),
    );
    metrics.gauge(
      'cairn_provider_missed_proofs_count',
      'Proofs missed by known contracts.',
      [],
      async (gauge) => gauge.set((await statusReader.read()).proofs.missed),
    );
    metrics.gauge('cairn_provider_tip_height', 'Height of the chain as last seen.', [], (gauge) =>
      gauge.set(watch.tip?.height ?? 0),
    );
  }
}

/** Measures the process's provider; needs MetricsModule and ProviderModule beside it. */
@Module({ providers: [ProviderMetrics] })
export class ProviderMetricsModule {}

/** Ready while the disk answers: fragments are served while the node is away. */
export function providerHealthCheck(provider: Provider): HealthCheck {
  return { name: 'fragments', check: async () => void (await provider.context.store.diskFreeBytes()) };
}
