import { Controller, type DynamicModule, Get, Inject, Module } from '@nestjs/common';
import { HealthModule } from '#health';
import { LEDGER, LedgerModule, type LedgerPort } from '#ledger';
import { METRICS, type Metrics, MetricsModule } from '#metrics';
import {
  MINER,
  type Miner,
  MinerModule,
  type MinerModuleOptions,
  type MinerStatistics,
  measureMiner,
} from '#mining';

/** What the miner says about itself. */
@Controller('miner')
class MinerController {
  constructor(
    @Inject(MINER) private readonly miner: Miner,
    @Inject(METRICS) metrics: Metrics,
  ) {
    measureMiner(miner, metrics);
  }

  @Get('status')
  status(): MinerStatistics {
    return this.miner.statistics();
  }
}

/** The process: a miner on a node's HTTP API, its health and its metrics. */
@Module({})
export class MinerAppModule {
  static of(node: LedgerPort, options: MinerModuleOptions): DynamicModule {
    return {
      module: MinerAppModule,
      imports: [
        LedgerModule.remote(node),
        MinerModule.of(options),
        MetricsModule.forApp('miner'),
        HealthModule.from({
          inject: [LEDGER],
          useFactory: (ledger: LedgerPort) => [
            { name: 'node', check: async () => void (await ledger.status()) },
          ],
        }),
      ],
      controllers: [MinerController],
    };
  }
}
