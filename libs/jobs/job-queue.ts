import type { z } from 'zod';

/** Injection token of the process's `JobQueue`. */
export const JOB_QUEUE = Symbol('JOB_QUEUE');

/** A kind of job: its name (also the queue's name) and the schema of its payload, which must survive JSON. */
export interface JobDefinition<T> {
  readonly name: string;
  readonly payload: z.ZodType<T>;
}

export interface EnqueueOptions {
  /**
   * Name of this piece of work. While a job of the same id waits, is delayed or runs, another one is not added.
   * Once it has completed or finally failed the id is free again. Default: a random id.
   */
  readonly jobId?: string;
  /** Not before this many milliseconds from now. Default 0. */
  readonly delayMs?: number;
  /** How often the handler is tried in all before the job is kept as failed. Default 5. */
  readonly attempts?: number;
  /** Pause before the second attempt in milliseconds, doubled before each further one. Default 1,000. */
  readonly backoffMs?: number;
}

export interface EnqueueResult {
  readonly jobId: string;
  /** False when a job of that id was already waiting, delayed or active. */
  readonly added: boolean;
}

/** One run of a job, as its handler sees it. */
export interface Job<T> {
  readonly jobId: string;
  readonly name: string;
  readonly payload: T;
  /** 1 for the first run. A run cut short by the death of its process is not counted. */
  readonly attempt: number;
  /** Aborted when the lease is lost (somebody else may run the job now) or when `close` runs out of patience. */
  readonly signal: AbortSignal;
}

/** Resolves when the work is done; throws to have it tried again. May run more than once: be idempotent. */
export type JobHandler<T> = (job: Job<T>) => Promise<void>;

export interface WorkOptions {
  /** How many handlers run at the same time in this worker. Default 1. */
  readonly concurrency?: number;
  /**
   * How long a job belongs to a worker that shows no sign of life; renewed while the handler runs. A job whose
   * worker died is taken up again after it. Default 30,000.
   */
  readonly leaseMs?: number;
}

export interface CloseOptions {
  /**
   * How long running handlers are waited for before their `signal` is aborted; a handler that ends by the abort
   * leaves its job waiting, its attempt not counted. Default: wait as long as it takes.
   */
  readonly graceMs?: number;
}

/** A worker of one kind of job. */
export interface Worker {
  /** Takes no new job and waits for the running ones. Idempotent. */
  close(options?: CloseOptions): Promise<void>;
}

/** How many jobs of a kind are in each state. Completed jobs are forgotten; the last 1,000 failed ones are kept. */
export interface JobCounts {
  readonly waiting: number;
  readonly delayed: number;
  readonly active: number;
  readonly failed: number;
}

/** A job that used up its attempts. */
export interface FailedJob {
  readonly jobId: string;
  readonly payload: unknown;
  readonly attemptsMade: number;
  readonly lastError: string;
  /** Milliseconds since 1970. */
  readonly failedAt: number;
}

/**
 * A durable queue of jobs, run at least once, in order of enqueueing within equal due times as far as concurrency
 * allows. What every adapter promises is written as tests in testing/job-queue-conformance.ts.
 */
export interface JobQueue {
  /**
   * Adds a job; once resolved, it survives the death of this process.
   * @throws AppError `jobs/payload-invalid`, `jobs/redis-lost`, `jobs/store-failed`, `jobs/closed`
   */
  enqueue<T>(job: JobDefinition<T>, payload: T, options?: EnqueueOptions): Promise<EnqueueResult>;
  /** Starts a worker. A payload that no longer fits the schema fails at once, without further attempts. */
  work<T>(job: JobDefinition<T>, handler: JobHandler<T>, options?: WorkOptions): Promise<Worker>;
  counts(name: string): Promise<JobCounts>;
  /** The jobs that failed for good, newest first. Default limit 100. */
  failed(name: string, limit?: number): Promise<readonly FailedJob[]>;
  /** Takes back a waiting or delayed job; false when there is none of that id (a running one is not stopped). */
  remove(name: string, jobId: string): Promise<boolean>;
  /** Closes every worker (see `Worker.close`), then the connection. Idempotent. */
  close(options?: CloseOptions): Promise<void>;
}
