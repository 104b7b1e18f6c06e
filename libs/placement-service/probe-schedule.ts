import { z } from 'zod';
import { AppError } from '#errors';
import { defineJob, type Job, type JobQueue, type Worker } from '#jobs';
import type { LedgerPort } from '#ledger';
import type { Logger } from '#logging';
import type { OfferView } from '#wire';
import type { LivenessRecord } from './liveness-record.js';
import { type ProbeOptions, probeProvider } from './probe-provider.js';

const PROBE_JOB = defineJob('placement-probe', z.object({ round: z.number().int() }));
const CONCURRENT_PROBES = 16;

export interface ProbeScheduleOptions extends Omit<ProbeOptions, 'signal'> {
  readonly ledger: LedgerPort;
  readonly queue: JobQueue;
  readonly record: LivenessRecord;
  readonly intervalMs: number;
  readonly logger?: Pick<Logger, 'warn' | 'debug'>;
}

/** Probes every provider each interval, as a job: one process does a round, another takes over if it dies. */
export class ProbeSchedule {
  private worker: Worker | undefined;
  private timer: NodeJS.Timeout | undefined;
  private lastRound = -1;

  constructor(private readonly options: ProbeScheduleOptions) {}

  async start(): Promise<void> {
    this.worker = await this.options.queue.work(PROBE_JOB, (job) => this.tryRound(job));
    this.timer = setInterval(() => this.enqueue(), this.options.intervalMs);
    this.enqueue();
  }

  async stop(): Promise<void> {
    clearInterval(this.timer);
    await this.worker?.close({ graceMs: 1_000 });
  }

  /** A round that is still waiting or running is not added twice. */
  private enqueue(): void {
    const round = Math.floor(Date.now() / this.options.intervalMs);
    this.options.queue
      .enqueue(PROBE_JOB, { round }, { jobId: `round-${round}`, attempts: 1 })
      .catch((error: unknown) => {
        // The queue's store is away: the next interval tries again.
        if (error instanceof AppError)
          this.options.logger?.warn({ err: error }, 'a probe round was not queued');
        else throw error;
      });
  }

  /** Without a node nobody can be probed; the next interval tries again. */
  private async tryRound(job: Job<{ round: number }>): Promise<void> {
    try {
      await this.runRound(job);
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      this.options.logger?.warn({ err: error }, 'a probe round was given up');
    }
  }

  private async runRound(job: Job<{ round: number }>): Promise<void> {
    // After an outage old rounds come in a row; each would only measure the same moment again.
    if (job.payload.round <= this.lastRound) return;
    this.lastRound = Math.floor(Date.now() / this.options.intervalMs);
    const offers = await this.allOffers();
    const waiting = [...offers];
    const probeNext = async (): Promise<void> => {
      for (let offer = waiting.pop(); offer !== undefined; offer = waiting.pop()) {
        const endpoint = await this.options.ledger.endpoint({ principal: offer.provider });
        const result = await probeProvider(offer, endpoint, { ...this.options, signal: job.signal });
        if (job.signal.aborted) return;
        this.options.record.note(result, new Date());
      }
    };
    await Promise.all(Array.from({ length: CONCURRENT_PROBES }, probeNext));
    if (!job.signal.aborted) await this.options.record.save(new Set(offers.map(({ provider }) => provider)));
  }

  private async allOffers(): Promise<OfferView[]> {
    const offers: OfferView[] = [];
    let cursor: string | undefined;
    do {
      const page = await this.options.ledger.offers({ limit: 200, cursor });
      offers.push(...page.items);
      cursor = page.nextCursor ?? undefined;
    } while (cursor !== undefined);
    return offers;
  }
}
