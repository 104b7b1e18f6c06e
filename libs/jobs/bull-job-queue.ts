import type { JobQueue } from './job-queue.js';

export interface BullJobQueueOptions {
  /** redis://[user:password@]host:port[/database] or rediss://… */
  readonly redisUrl: string;
  /** First part of every key, so that several networks share a Redis. Default 'cairn'. */
  readonly prefix?: string;
  /** How long an operation waits for a Redis that went away before it is reported, in milliseconds. Default 10,000. */
  readonly patienceMs?: number;
  /** Told about every lost connection. Default: ignored, retried. */
  readonly onError?: (error: Error) => void;
}

export declare function createBullJobQueue(options: BullJobQueueOptions): Promise<JobQueue>;
