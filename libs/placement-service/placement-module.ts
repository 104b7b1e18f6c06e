import { join } from 'node:path';
import {
  type DynamicModule,
  Inject,
  Module,
  type OnApplicationBootstrap,
  type OnModuleDestroy,
} from '@nestjs/common';
import type { NetworkParams } from '#chain';
import { nativeCrypto } from '#crypto-native';
import { JOB_QUEUE, type JobQueue } from '#jobs';
import { LEDGER, type LedgerPort } from '#ledger';
import type { Logger } from '#logging';
import { createMessageController, PLACEMENT, PLACEMENT_CONTRACT } from '#services';
import { LivenessRecord } from './liveness-record.js';
import { createPlacementService } from './placement-service.js';
import { ProbeSchedule } from './probe-schedule.js';

const RECORD = Symbol('LIVENESS_RECORD');
const SCHEDULE = Symbol('PROBE_SCHEDULE');

export interface PlacementModuleOptions {
  readonly params: NetworkParams;
  /** Folder for the record of who answers. */
  readonly dataDir: string;
  /** Between two probes of a provider. Default 5,000. */
  readonly probeIntervalMs?: number;
  /** Default 2,000. */
  readonly probeTimeoutMs?: number;
  readonly logger?: Logger;
}

/** The placement service in this process, under PLACEMENT; needs LEDGER and JOB_QUEUE, and answers messages where there is a transport. */
@Module({})
export class PlacementModule implements OnApplicationBootstrap, OnModuleDestroy {
  constructor(@Inject(SCHEDULE) private readonly schedule: ProbeSchedule) {}

  static embedded(options: PlacementModuleOptions): DynamicModule {
    const { params, logger } = options;
    return {
      module: PlacementModule,
      global: true,
      controllers: [createMessageController(PLACEMENT_CONTRACT, PLACEMENT)],
      providers: [
        { provide: RECORD, useFactory: () => LivenessRecord.open(join(options.dataDir, 'liveness.json')) },
        {
          provide: SCHEDULE,
          inject: [LEDGER, JOB_QUEUE, RECORD],
          useFactory: (ledger: LedgerPort, queue: JobQueue, record: LivenessRecord) =>
            new ProbeSchedule({
              ledger,
              queue,
              record,
              params,
              crypto: nativeCrypto,
              intervalMs: options.probeIntervalMs ?? 5_000,
              timeoutMs: options.probeTimeoutMs ?? 2_000,
              ...(logger === undefined ? {} : { logger }),
            }),
        },
        {
          provide: PLACEMENT,
          inject: [LEDGER, RECORD],
          useFactory: (ledger: LedgerPort, record: LivenessRecord) =>
            createPlacementService({ ledger, record, params }),
        },
      ],
      exports: [PLACEMENT],
    };
  }

  async onApplicationBootstrap(): Promise<void> {
    await this.schedule.start();
  }

  async onModuleDestroy(): Promise<void> {
    await this.schedule.stop();
  }
}
