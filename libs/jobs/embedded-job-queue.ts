import type { JobQueue } from './job-queue.js';

export interface EmbeddedJobQueueOptions {
  /** Path of the SQLite file; created with its folder when missing. */
  readonly file: string;
  /** How often the table is looked at for jobs of other processes, in milliseconds. Default 250. */
  readonly pollMs?: number;
  /** Told about trouble that no caller awaits (a database that stays locked). Default: ignored, retried. */
  readonly onError?: (error: Error) => void;
}

export declare function createEmbeddedJobQueue(options: EmbeddedJobQueueOptions): Promise<JobQueue>;
