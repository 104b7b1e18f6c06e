/**
 * Owns: the job queue port (`JobQueue`), its two adapters (a SQLite table, BullMQ on Redis) and the Nest module
 *   that provides one of them under the token `JOB_QUEUE`.
 * Does not own: what a job does (each feature module defines its jobs with `defineJob`), or schedules by block height.
 * Read next: job-queue.ts (the promises), testing/job-queue-conformance.ts, docs/adr/0005-job-queue-port.md.
 */
export { type BullJobQueueOptions, createBullJobQueue } from './bull-job-queue.js';
export { createEmbeddedJobQueue, type EmbeddedJobQueueOptions } from './embedded-job-queue.js';
export { defineJob } from './job-definition.js';
export {
  type CloseOptions,
  type EnqueueOptions,
  type EnqueueResult,
  type FailedJob,
  JOB_QUEUE,
  type Job,
  type JobCounts,
  type JobDefinition,
  type JobHandler,
  type JobQueue,
  type Worker,
  type WorkOptions,
} from './job-queue.js';
export { JobsModule } from './jobs-module.js';
