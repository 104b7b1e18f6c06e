import { type DynamicModule, Module } from '@nestjs/common';
import { HealthModule } from '#health';
import { LEDGER } from '#ledger';
import { LedgerMessagesModule } from '#ledger-transport';
import { MetricsModule } from '#metrics';
import {
  ChainNodeModule,
  type ChainNodeOptions,
  LedgerMetricsModule,
  ledgerHealthCheck,
  NetworkMetricsModule,
} from '#node-server';

/** The process: a node, its handlers for other processes of the operator, its health and its metrics. */
@Module({})
export class ChainNodeAppModule {
  static of(options: ChainNodeOptions): DynamicModule {
    return {
      module: ChainNodeAppModule,
      imports: [
        ChainNodeModule.of(options),
        MetricsModule.forApp('chain-node'),
        LedgerMessagesModule,
        LedgerMetricsModule,
        NetworkMetricsModule,
        HealthModule.from({ inject: [LEDGER], useFactory: (ledger) => [ledgerHealthCheck(ledger)] }),
      ],
    };
  }
}
