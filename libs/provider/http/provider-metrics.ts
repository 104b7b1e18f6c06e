import { Inject, Injectable, Module } from '@nestjs/common';
import type { VolumeView } from '#fragment-store';
import type { HealthCheck } from '#health';
import { METRICS, type Metrics } from '#metrics';
import type { Provider } from '../provider.js';
import { PROVIDER } from './tokens.js';

/** One gauge each, of every volume; null: not known now. */
const VOLUME_GAUGES: readonly (readonly [string, string, (volume: VolumeView) => number | null])[] = [
  ['capacity_bytes', 'The most a volume takes.', ({ capacityBytes }) => capacityBytes],
  ['stored_bytes', 'Bytes of the fragments on a volume.', ({ usedBytes }) => usedBytes],
  [
    'allocated_bytes',
    'What the fragments of a volume take on its disk.',
    ({ allocatedBytes }) => allocatedBytes,
  ],
  ['disk_free_bytes', 'Bytes free on the disk of a volume.', ({ diskFreeBytes }) => diskFreeBytes],
  ['fragments_count', 'Fragments on a volume.', ({ fragments }) => fragments],
  ['rotten_fragments_count', 'Fragments whose bytes have changed.', ({ rotten }) => rotten],
  ['lost_fragments_count', 'Fragments that are gone.', ({ lost }) => lost],
  ['unreadable_fragments_count', 'Fragments the disk does not give out.', ({ unreadable }) => unreadable],
  ['disk_errors_count', 'Errors of the disk since the volume was opened.', ({ diskErrors }) => diskErrors],
  [
    'read_latency_seconds',
    'Reading a fragment, moving average.',
    ({ readLatencyMs }) => toSeconds(readLatencyMs),
  ],
  [
    'write_latency_seconds',
    'Naming and syncing one, moving average.',
    ({ writeLatencyMs }) => toSeconds(writeLatencyMs),
  ],
  [
    'scrub_shard_count',
    'Of 256 parts, those read again in the pass under way.',
    ({ scrub }) => scrub.running?.shard ?? null,
  ],
  [
    'last_scrub_timestamp_seconds',
    'When the last pass over a volume ended.',
    ({ scrub }) => scrub.last?.finishedAt ?? null,
  ],
  ['leaving_fragments_count', 'Fragments that must still move away.', ({ move }) => move?.leftFragments ?? 0],
];

function toSeconds(valueMs: number | null): number | null {
  return valueMs === null ? null : valueMs / 1000;
}

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
    for (const [name, help, of] of VOLUME_GAUGES) {
      metrics.gauge(`cairn_provider_volume_${name}`, help, ['volume', 'path'], (gauge) => {
        gauge.reset();
        for (const volume of context.volumes.list()) {
          const value = of(volume);
          if (value !== null) gauge.set({ volume: volume.id.slice(0, 8), path: volume.path }, value);
        }
      });
    }
    metrics.gauge(
      'cairn_provider_volume_state_count',
      'Volumes by state: active, read-only, draining, offline, failed.',
      ['state'],
      (gauge) => {
        gauge.reset();
        for (const { state } of context.volumes.list()) gauge.inc({ state });
      },
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

/** Ready while any disk answers: fragments are served while the node is away. */
export function providerHealthCheck(provider: Provider): HealthCheck {
  return {
    name: 'fragments',
    check: async () => {
      const { registry } = provider.context.store;
      await registry.look();
      const [first] = registry.volumes;
      if (first !== undefined && registry.volumes.every(({ isHere }) => !isHere)) throw first.awayError();
    },
  };
}
