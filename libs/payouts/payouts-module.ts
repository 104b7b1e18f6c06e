import {
  type DynamicModule,
  Inject,
  Module,
  type OnApplicationBootstrap,
  type OnModuleDestroy,
} from '@nestjs/common';
import type { NetworkParams } from '#chain';
import { JOB_QUEUE, type JobQueue } from '#jobs';
import { LEDGER, type LedgerPort } from '#ledger';
import type { Logger } from '#logging';
import { createMessageController, PAYOUTS, PAYOUTS_CONTRACT } from '#services';
import { createPayoutsService } from './payouts-service.js';
import { SummaryBook } from './summary-book.js';
import { SummaryRefresh } from './summary-refresh.js';

const BOOK = Symbol('SUMMARY_BOOK');
const REFRESH = Symbol('SUMMARY_REFRESH');

export interface PayoutsModuleOptions {
  readonly params: NetworkParams;
  readonly logger?: Logger;
}

/** The payouts service in this process, under PAYOUTS; needs LEDGER and JOB_QUEUE, and answers messages where there is a transport. */
@Module({})
export class PayoutsModule implements OnApplicationBootstrap, OnModuleDestroy {
  constructor(@Inject(REFRESH) private readonly refresh: SummaryRefresh) {}

  static embedded({ params, logger }: PayoutsModuleOptions): DynamicModule {
    return {
      module: PayoutsModule,
      global: true,
      controllers: [createMessageController(PAYOUTS_CONTRACT, PAYOUTS)],
      providers: [
        { provide: BOOK, inject: [LEDGER], useFactory: (ledger: LedgerPort) => new SummaryBook(ledger) },
        {
          provide: REFRESH,
          inject: [LEDGER, JOB_QUEUE, BOOK],
          useFactory: (ledger: LedgerPort, queue: JobQueue, book: SummaryBook) =>
            new SummaryRefresh({ ledger, queue, book, ...(logger === undefined ? {} : { logger }) }),
        },
        {
          provide: PAYOUTS,
          inject: [LEDGER, BOOK],
          useFactory: (ledger: LedgerPort, book: SummaryBook) =>
            createPayoutsService({ ledger, params, book }),
        },
      ],
      exports: [PAYOUTS],
    };
  }

  async onApplicationBootstrap(): Promise<void> {
    await this.refresh.start();
  }

  async onModuleDestroy(): Promise<void> {
    await this.refresh.stop();
  }
}
