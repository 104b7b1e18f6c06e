import { randomUUID } from 'node:crypto';
import { backoffDelayMs, WORK_DEFAULTS } from './job-definition.js';
import type { CloseOptions, JobDefinition, JobHandler, Worker, WorkOptions } from './job-queue.js';
import type { JobTable, LeasedJob } from './job-table.js';
import { errorText, type RunOutcome, runJob, toError } from './run-job.js';

interface RunningJob {
  readonly job: LeasedJob;
  readonly abort: AbortController;
  readonly done: Promise<void>;
}

export interface EmbeddedWorker extends Worker {
  readonly name: string;
  /** Something was enqueued: look at the table now. */
  wake(): void;
}

/** Starts a worker on the table: leases jobs, runs them, renews their leases, recovers those of dead workers. */
export function createEmbeddedWorker<T>(
  table: JobTable,
  job: JobDefinition<T>,
  handler: JobHandler<T>,
  options: WorkOptions & { readonly pollMs: number; readonly onError: (error: Error) => void },
): EmbeddedWorker {
  const concurrency = options.concurrency ?? WORK_DEFAULTS.concurrency;
  const leaseMs = options.leaseMs ?? WORK_DEFAULTS.leaseMs;
  const workerId = randomUUID();
  const running = new Map<number, RunningJob>();
  let leaseCount = 0;
  let isClosing = false;
  let isAwake = false;
  let wakeSleeper: () => void = () => {};

  const wake = (): void => {
    isAwake = true;
    wakeSleeper();
  };

  const sleep = async (durationMs: number): Promise<void> => {
    if (!isAwake && durationMs > 0) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, durationMs);
        wakeSleeper = () => {
          clearTimeout(timer);
          resolve();
        };
      });
      wakeSleeper = () => {};
    }
    isAwake = false;
  };

  const settle = (leased: LeasedJob, outcome: RunOutcome): Promise<void> => {
    if (outcome.kind === 'completed') return table.complete(leased);
    if (outcome.kind === 'released') return table.release(leased);
    const attemptsMade = leased.attemptsMade + 1;
    const text = errorText(outcome.error);
    const isFinal = outcome.kind === 'fatal' || attemptsMade >= leased.attempts;
    return isFinal
      ? table.fail(job.name, leased, Date.now(), text)
      : table.retry(leased, Date.now() + backoffDelayMs(leased.backoffMs, attemptsMade), text);
  };

  const start = (leased: LeasedJob): void => {
    const abort = new AbortController();
    const run = {
      jobId: leased.jobId,
      payloadText: leased.payloadText,
      attempt: leased.attemptsMade + 1,
      signal: abort.signal,
    };
    const done = runJob(job, handler, run)
      .then((outcome) => settle(leased, outcome))
      // The row stays leased and is run again after the lease: at least once.
      .catch((error: unknown) => options.onError(toError(error)))
      .finally(() => {
        running.delete(leased.seq);
        wake();
      });
    running.set(leased.seq, { job: leased, abort, done });
  };

  /** One look at the table; resolves to how long to sleep when nothing wakes the worker before. */
  const step = async (): Promise<number> => {
    const { dueAt, leaseUntil } = await table.peek(job.name);
    const now = Date.now();
    if (leaseUntil !== null && leaseUntil < now) {
      await table.recover(job.name, now);
      return 0;
    }
    const free = concurrency - running.size;
    if (free === 0 || isClosing) return options.pollMs;
    if (dueAt === null) return options.pollMs;
    if (dueAt > now) return Math.min(options.pollMs, dueAt - now);
    leaseCount += 1;
    const leased = await table.lease(job.name, free, now, now + leaseMs, `${workerId}:${leaseCount}`);
    for (const one of leased) start(one);
    return leased.length < free ? 0 : options.pollMs;
  };

  const loop = async (): Promise<void> => {
    while (!isClosing) {
      let sleepMs = options.pollMs;
      try {
        sleepMs = await step();
      } catch (error) {
        options.onError(toError(error));
      }
      await sleep(sleepMs);
    }
  };

  const renewLeases = async (): Promise<void> => {
    const held = [...running.values()];
    if (held.length === 0) return;
    const kept = await table.renew(
      held.map((one) => one.job),
      Date.now() + leaseMs,
    );
    for (const { job: leased, abort } of held) {
      if (running.has(leased.seq) && !kept.has(leased.seq))
        abort.abort(new Error('the lease of the job was lost'));
    }
  };

  const renewal = setInterval(() => {
    renewLeases().catch((error: unknown) => options.onError(toError(error)));
  }, leaseMs / 3);
  const looping = loop();

  const close = async ({ graceMs }: CloseOptions): Promise<void> => {
    isClosing = true;
    wake();
    await looping;
    const patience =
      graceMs === undefined
        ? undefined
        : setTimeout(() => {
            for (const { abort } of running.values()) abort.abort(new Error('the worker is closing'));
          }, graceMs);
    await Promise.all([...running.values()].map(({ done }) => done));
    clearTimeout(patience);
    clearInterval(renewal);
  };
  let closed: Promise<void> | undefined;
  return {
    name: job.name,
    wake,
    close: (closeOptions = {}) => {
      closed ??= close(closeOptions);
      return closed;
    },
  };
}
