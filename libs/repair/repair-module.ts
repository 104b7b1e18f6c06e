import {
  type DynamicModule,
  Inject,
  Module,
  type OnApplicationShutdown,
  type OnModuleDestroy,
} from '@nestjs/common';
import type { OpenApiOptions, StatusTable } from '#http';
import { JOB_QUEUE, type JobQueue } from '#jobs';
import { LEDGER, type LedgerPort } from '#ledger';
import { RepairController } from './repair-controller.js';
import { Repairer, type RepairerOptions } from './repairer.js';
import { REPAIRER } from './tokens.js';

/** HTTP statuses of the repairer's own codes. */
export const REPAIR_STATUS_TABLE: StatusTable = {
  'repair/not-written': 507,
  'repair/unreadable': 500,
  'repair/too-slow': 408,
};

/** How the API describes itself. */
export const REPAIR_OPENAPI: OpenApiOptions = {
  title: 'Cairn repairer',
  description:
    'Keeps files whole while their clients are away: takes capabilities (docs/protocol/repair.md), which let it rebuild ' +
    'fragments and read nothing. Errors are problem+json (RFC 9457) with code, detail and next.',
  version: '1',
};

/** The repairer in this process, under REPAIRER; needs LEDGER and JOB_QUEUE. `start` it once its address is known. */
@Module({})
export class RepairModule implements OnModuleDestroy, OnApplicationShutdown {
  constructor(@Inject(REPAIRER) private readonly repairer: Repairer) {}

  static of(options: Omit<RepairerOptions, 'ledger' | 'queue'>): DynamicModule {
    return {
      module: RepairModule,
      global: true,
      providers: [
        {
          provide: REPAIRER,
          inject: [LEDGER, JOB_QUEUE],
          useFactory: (ledger: LedgerPort, queue: JobQueue) => Repairer.open({ ...options, ledger, queue }),
        },
      ],
      exports: [REPAIRER],
    };
  }

  /** The queue closes at the same time, after the repairs that run. */
  async onModuleDestroy(): Promise<void> {
    await this.repairer.stopFollowing();
  }

  async onApplicationShutdown(): Promise<void> {
    await this.repairer.close();
  }
}

/** Its HTTP API; needs REPAIRER. */
@Module({ controllers: [RepairController] })
export class RepairApiModule {}
