import { join } from 'node:path';
import { type DynamicModule, Module } from '@nestjs/common';
import type { Config } from '#config';
import { HealthModule } from '#health';
import { JobsModule } from '#jobs';
import { LEDGER, LedgerModule, type LedgerPort } from '#ledger';
import type { Logger } from '#logging';
import { MetricsModule } from '#metrics';
import { createNodeClient } from '#node-api';
import { RepairApiModule, RepairModule, repairerOptions } from '#repair';

/** The process: the agent and its API on a node of somebody's, jobs in its own folder, health and metrics. */
@Module({})
export class RepairerAppModule {
  static of(config: Config, phrase: string, logger: Logger): DynamicModule {
    const { nodeUrl: baseUrl, requestTimeoutMs: timeoutMs, dataDir } = config;
    const onError = (error: Error): void => logger.warn({ err: error }, 'the job queue met trouble');
    return {
      module: RepairerAppModule,
      imports: [
        LedgerModule.remote(createNodeClient({ baseUrl, timeoutMs })),
        JobsModule.embedded({ file: join(dataDir, 'jobs.sqlite'), onError }),
        RepairModule.of(repairerOptions(config, phrase, logger)),
        RepairApiModule,
        MetricsModule.forApp('repairer'),
        HealthModule.from({
          inject: [LEDGER],
          useFactory: (ledger: LedgerPort) => [
            { name: 'chain-node', check: async () => void (await ledger.status()) },
          ],
        }),
      ],
    };
  }
}
