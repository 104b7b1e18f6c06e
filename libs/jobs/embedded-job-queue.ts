import { randomUUID } from 'node:crypto';
import { AppError } from '#errors';
import { createEmbeddedWorker, type EmbeddedWorker } from './embedded-worker.js';
import { completeEnqueueOptions, encodePayload } from './job-definition.js';
import type { CloseOptions, JobQueue } from './job-queue.js';
import { openJobTable } from './job-table.js';

export interface EmbeddedJobQueueOptions {
  /** Path of the SQLite file; created with its folder when missing. Several processes may share it. */
  readonly file: string;
  /** How often the table is looked at for jobs of other processes, in milliseconds. Default 250. */
  readonly pollMs?: number;
  /** Told about trouble that no caller awaits (a database that stays locked). Default: ignored, retried. */
  readonly onError?: (error: Error) => void;
}

/**
 * The job queue in a SQLite file: nothing to install, survives kill -9.
 * @throws AppError `jobs/store-corrupt`, `jobs/store-failed`, `jobs/store-too-new`
 */
export async function createEmbeddedJobQueue(options: EmbeddedJobQueueOptions): Promise<JobQueue> {
  const table = await openJobTable(options.file);
  const pollMs = options.pollMs ?? 250;
  const onError = options.onError ?? (() => undefined);
  const workers = new Set<EmbeddedWorker>();
  let closed: Promise<void> | undefined;

  const whileOpen = <R>(operation: () => Promise<R>): Promise<R> => {
    if (closed === undefined) return operation();
    return Promise.reject(
      new AppError({
        code: 'jobs/closed',
        message: `the job queue ${options.file} is closed`,
        next: 'enqueue before the application shuts down',
        data: { file: options.file },
      }),
    );
  };

  const close = async (closeOptions: CloseOptions): Promise<void> => {
    await Promise.all([...workers].map((worker) => worker.close(closeOptions)));
    await table.close();
  };

  return {
    enqueue: (job, payload, enqueueOptions = {}) =>
      whileOpen(async () => {
        const { delayMs, attempts, backoffMs } = completeEnqueueOptions(enqueueOptions);
        const jobId = enqueueOptions.jobId ?? randomUUID();
        const payloadText = encodePayload(job, payload);
        const dueAt = Math.round(Date.now() + delayMs);
        const row = { name: job.name, jobId, payloadText, dueAt, attempts, backoffMs: Math.round(backoffMs) };
        const added = await table.insert(row);
        for (const worker of workers) if (worker.name === job.name) worker.wake();
        return { jobId, added };
      }),
    work: (job, handler, workOptions = {}) =>
      whileOpen(async () => {
        const worker = createEmbeddedWorker(table, job, handler, { ...workOptions, pollMs, onError });
        workers.add(worker);
        return {
          close: async (closeOptions) => {
            await worker.close(closeOptions);
            workers.delete(worker);
          },
        };
      }),
    counts: (name) => whileOpen(() => table.counts(name, Date.now())),
    failed: (name, limit = 100) => whileOpen(() => table.failed(name, limit)),
    remove: (name, jobId) => whileOpen(() => table.remove(name, jobId)),
    close: (closeOptions = {}) => {
      closed ??= close(closeOptions);
      return closed;
    },
  };
}
