import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { AppError } from '#errors';
import { defineJob, type JobQueue, type Worker } from '#jobs';
import type { LedgerPort } from '#ledger';
import type { Logger } from '#logging';
import type { SummaryBook } from './summary-book.js';

const REFRESH_JOB = defineJob('payouts-refresh', z.object({ height: z.number().int() }));
const AWAY_MS = 1_000;

export interface SummaryRefreshOptions {
  readonly ledger: LedgerPort;
  readonly queue: JobQueue;
  readonly book: SummaryBook;
  readonly logger?: Pick<Logger, 'warn'>;
}

/** Keeps the book fresh: each new block queues a refresh, many blocks at once queue one. */
export class SummaryRefresh {
  private readonly stopping = new AbortController();
  private worker: Worker | undefined;
  private following: Promise<void> | undefined;

  constructor(private readonly options: SummaryRefreshOptions) {}

  async start(): Promise<void> {
    const { queue, book, logger } = this.options;
    this.worker = await queue.work(REFRESH_JOB, async () => {
      try {
        await book.refresh();
      } catch (error) {
        if (!(error instanceof AppError)) throw error;
        logger?.warn({ err: error }, 'the sums were not refreshed; the next block tries again');
      }
    });
    this.following = this.follow();
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    await this.following;
    await this.worker?.close({ graceMs: 1_000 });
  }

  private async follow(): Promise<void> {
    const { signal } = this.stopping;
    while (!signal.aborted) {
      try {
        await this.enqueue((await this.options.ledger.status()).tip.height);
        for await (const event of this.options.ledger.follow({}, signal)) {
          if (event.type !== 'transaction') await this.enqueue(event.height);
        }
      } catch (error) {
        if (signal.aborted) return;
        if (!(error instanceof AppError)) throw error;
        this.options.logger?.warn({ err: error }, 'blocks cannot be followed now');
      }
      await delay(AWAY_MS, undefined, { signal }).catch(() => undefined);
    }
  }

  private async enqueue(height: number): Promise<void> {
    await this.options.queue.enqueue(REFRESH_JOB, { height }, { jobId: 'refresh', attempts: 1 });
  }
}
