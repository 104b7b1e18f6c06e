import { Worker as BullEngineWorker, type Job as BullJob, UnrecoverableError, WaitingError } from 'bullmq';
import type { Redis } from 'ioredis';
import { MAX_LOST_LEASES, WORK_DEFAULTS } from './job-definition.js';
import type { CloseOptions, JobDefinition, JobHandler, Worker, WorkOptions } from './job-queue.js';
import { errorText, runJob } from './run-job.js';

/** What a job carries inside Redis. Its BullMQ id is random; `jobId` is the de-duplication id. */
export interface BullJobData {
  readonly jobId: string;
  readonly payloadText: string;
}

export interface BullWorkerOptions extends WorkOptions {
  readonly connection: Redis;
  readonly prefix: string;
  readonly patienceMs: number;
  readonly onError: (error: Error) => void;
}

/** Starts a BullMQ worker that keeps the promises of the port. */
export async function createBullWorker<T>(
  job: JobDefinition<T>,
  handler: JobHandler<T>,
  options: BullWorkerOptions,
): Promise<Worker> {
  const leaseMs = options.leaseMs ?? WORK_DEFAULTS.leaseMs;
  const running = new Map<string, AbortController>();

  const process = async (bullJob: BullJob<BullJobData>, token?: string): Promise<void> => {
    const abort = new AbortController();
    const id = bullJob.id ?? '';
    running.set(id, abort);
    try {
      const { jobId, payloadText } = bullJob.data;
      const run = { jobId, payloadText, attempt: bullJob.attemptsMade + 1, signal: abort.signal };
      const outcome = await runJob(job, handler, run);
      if (outcome.kind === 'completed') return;
      if (outcome.kind === 'fatal') throw new UnrecoverableError(errorText(outcome.error));
      if (outcome.kind === 'retry') throw new Error(errorText(outcome.error), { cause: outcome.error });
      await bullJob.moveToWait(token);
      throw new WaitingError();
    } finally {
      running.delete(id);
    }
  };

  const worker = new BullEngineWorker<BullJobData>(job.name, process, {
    connection: options.connection,
    prefix: options.prefix,
    concurrency: options.concurrency ?? WORK_DEFAULTS.concurrency,
    lockDuration: leaseMs,
    stalledInterval: Math.max(100, Math.floor(leaseMs / 2)),
    maxStalledCount: MAX_LOST_LEASES,
    runRetryDelay: 1_000,
  });
  worker.on('error', options.onError);
  worker.on('lockRenewalFailed', (ids: string[]) => {
    for (const id of ids) running.get(id)?.abort(new Error('the lease of the job was lost'));
  });

  const close = async ({ graceMs }: CloseOptions): Promise<void> => {
    const patience =
      graceMs === undefined
        ? undefined
        : setTimeout(() => {
            for (const abort of running.values()) abort.abort(new Error('the worker is closing'));
          }, graceMs);
    const closing = worker.close();
    await finishWithin(closing, () => running.size > 0, options.patienceMs);
    clearTimeout(patience);
  };
  let closed: Promise<void> | undefined;
  return {
    close: (closeOptions = {}) => {
      closed ??= close(closeOptions);
      return closed;
    },
  };
}

/** Waits for `done`; once nothing is busy, no longer than the patience (Redis may be gone for good). */
async function finishWithin(
  done: Promise<unknown>,
  isBusy: () => boolean,
  patienceMs: number,
): Promise<void> {
  let idleSince: number | undefined;
  let timer: NodeJS.Timeout | undefined;
  const outOfPatience = new Promise<void>((resolve) => {
    timer = setInterval(() => {
      idleSince = isBusy() ? undefined : (idleSince ?? performance.now());
      if (idleSince !== undefined && performance.now() - idleSince > patienceMs) resolve();
    }, 50);
  });
  await Promise.race([done.catch(() => undefined), outOfPatience]);
  clearInterval(timer);
}
