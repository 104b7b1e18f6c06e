import { randomUUID } from 'node:crypto';
import { Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import { AppError } from '#errors';
import { connectRedis, reconnectsWithin, redisUrlToPublic } from '#redis';
import { type BullJobData, createBullWorker } from './bull-worker.js';
import { completeEnqueueOptions, encodePayload, MAX_FAILED_KEPT } from './job-definition.js';
import type {
  CloseOptions,
  EnqueueOptions,
  EnqueueResult,
  FailedJob,
  JobDefinition,
  JobQueue,
  Worker,
} from './job-queue.js';
import { redisLost, redisRefused } from './redis-trouble.js';
import { toError } from './run-job.js';

export interface BullJobQueueOptions {
  /** redis://[user:password@]host:port[/database] or rediss://… */
  readonly redisUrl: string;
  /** First part of every key, so that several networks share a Redis. Default 'cairn'. */
  readonly prefix?: string;
  /** How long an operation waits for a Redis that went away before it is reported, in milliseconds. Default 10,000. */
  readonly patienceMs?: number;
  /** Told about lost connections and the like, which no caller awaits. Default: ignored, retried. */
  readonly onError?: (error: Error) => void;
}

/**
 * The job queue on BullMQ and Redis, shared by all processes of one operator.
 * @throws AppError `redis/unreachable` within seconds
 */
export async function createBullJobQueue(options: BullJobQueueOptions): Promise<JobQueue> {
  const { redisUrl } = options;
  const prefix = options.prefix ?? 'cairn';
  const patienceMs = options.patienceMs ?? 10_000;
  const onError = options.onError ?? (() => undefined);
  const onLost = (cause: Error): void => onError(redisLost(redisUrl, cause));
  // Callers are told after a while; workers wait for Redis for ever.
  const commands = await connectRedis(
    redisUrl,
    { maxRetriesPerRequest: reconnectsWithin(patienceMs) },
    onLost,
  );
  const blocking = await connectRedis(redisUrl, { maxRetriesPerRequest: null }, onLost).catch(
    (error: unknown) => {
      commands.disconnect();
      throw error;
    },
  );
  // BullMQ gives each worker a copy of its connection and forgets it when Redis is gone at the close: we remember.
  const copies: Redis[] = [];
  const duplicate = blocking.duplicate.bind(blocking);
  blocking.duplicate = (...args) => {
    const copy = duplicate(...args);
    copies.push(copy);
    return copy;
  };
  const queues = new Map<string, Queue<BullJobData>>();
  const workers = new Set<Worker>();
  let closed: Promise<void> | undefined;

  const queueOf = (name: string): Queue<BullJobData> => {
    let queue = queues.get(name);
    if (queue === undefined) {
      queue = new Queue<BullJobData>(name, { connection: commands, prefix, skipMetasUpdate: true });
      queue.on('error', onError);
      queues.set(name, queue);
    }
    return queue;
  };

  const operation = async <R>(run: () => Promise<R>): Promise<R> => {
    if (closed !== undefined) throw queueClosed(redisUrl);
    let timer: NodeJS.Timeout | undefined;
    const tooLate = new Promise<never>((_, reject) => {
      timer = setTimeout(
        () => reject(redisLost(redisUrl, new Error(`no answer within ${patienceMs} ms`))),
        patienceMs,
      );
    });
    try {
      return await Promise.race([run(), tooLate]);
    } catch (error) {
      if (error instanceof AppError) throw error;
      const cause = toError(error);
      throw cause.name === 'ReplyError' ? redisRefused(redisUrl, cause) : redisLost(redisUrl, cause);
    } finally {
      clearTimeout(timer);
    }
  };

  const add = async <T>(job: JobDefinition<T>, payload: T, given: EnqueueOptions): Promise<EnqueueResult> => {
    const { delayMs, attempts, backoffMs } = completeEnqueueOptions(given);
    const data = { jobId: given.jobId ?? randomUUID(), payloadText: encodePayload(job, payload) };
    // BullMQ answers a duplicate with the id of the job that holds the de-duplication key: ours, or not.
    const bullId = randomUUID();
    const added = await operation(() =>
      queueOf(job.name).add(job.name, data, {
        jobId: bullId,
        deduplication: { id: data.jobId },
        delay: Math.round(delayMs),
        attempts,
        backoff: { type: 'exponential', delay: Math.round(backoffMs) },
        removeOnComplete: true,
        removeOnFail: { count: MAX_FAILED_KEPT },
      }),
    );
    return { jobId: data.jobId, added: added.id === bullId };
  };

  const close = async (closeOptions: CloseOptions): Promise<void> => {
    await Promise.all([...workers].map((worker) => worker.close(closeOptions)));
    await Promise.all([...queues.values()].map((queue) => queue.close().catch(() => undefined)));
    for (const connection of [commands, blocking, ...copies]) connection.disconnect();
  };

  return {
    enqueue: (job, payload, enqueueOptions = {}) => add(job, payload, enqueueOptions),
    work: async (job, handler, workOptions = {}) => {
      if (closed !== undefined) throw queueClosed(redisUrl);
      const shared = { connection: blocking, prefix, patienceMs, onError };
      const worker = await createBullWorker(job, handler, { ...workOptions, ...shared });
      workers.add(worker);
      return {
        close: async (closeOptions) => {
          await worker.close(closeOptions);
          workers.delete(worker);
        },
      };
    },
    counts: (name) =>
      operation(async () => {
        const counts = await queueOf(name).getJobCounts('waiting', 'delayed', 'active', 'failed');
        return {
          waiting: counts['waiting'] ?? 0,
          delayed: counts['delayed'] ?? 0,
          active: counts['active'] ?? 0,
          failed: counts['failed'] ?? 0,
        };
      }),
    failed: (name, limit = 100) =>
      operation(async () => {
        const jobs = await queueOf(name).getFailed(0, limit - 1);
        return jobs.map(
          (job): FailedJob => ({
            jobId: job.data.jobId,
            payload: JSON.parse(job.data.payloadText) as unknown,
            attemptsMade: job.attemptsMade,
            lastError: job.failedReason ?? '',
            failedAt: job.finishedOn ?? 0,
          }),
        );
      }),
    remove: (name, jobId) =>
      operation(async () => {
        const queue = queueOf(name);
        const bullId = await queue.getDeduplicationJobId(jobId);
        const job = bullId === null ? undefined : await queue.getJob(bullId);
        if (job === undefined || (await job.isActive())) return false;
        return (await queue.remove(job.id ?? '')) === 1;
      }),
    close: (closeOptions = {}) => {
      closed ??= close(closeOptions);
      return closed;
    },
  };
}

function queueClosed(redisUrl: string): AppError {
  const redis = redisUrlToPublic(redisUrl);
  return new AppError({
    code: 'jobs/closed',
    message: `the job queue at ${redis} is closed`,
    next: 'enqueue before the application shuts down',
    data: { redis },
  });
}
