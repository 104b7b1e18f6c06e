import { type DynamicModule, Module } from '@nestjs/common';
import { HealthModule } from '#health';
import { LEDGER, LedgerModule, type LedgerPort } from '#ledger';
import { MetricsModule } from '#metrics';
import { PoolModule, type PoolModuleOptions, PoolStatusModule } from '#pool';

/** The process: a pool on a node's HTTP API, its status, health and metrics. */
@Module({})
export class PoolAppModule {
  static of(node: LedgerPort, options: PoolModuleOptions): DynamicModule {
    return {
      module: PoolAppModule,
      imports: [
        LedgerModule.remote(node),
        PoolModule.of(options),
        PoolStatusModule,
        MetricsModule.forApp('pool'),
        HealthModule.from({
          inject: [LEDGER],
          useFactory: (ledger: LedgerPort) => [
            { name: 'node', check: async () => void (await ledger.status()) },
          ],
        }),
      ],
    };
  }
}
