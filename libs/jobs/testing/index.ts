/**
 * Owns: what other tests need of jobs: the conformance suite of the port and a real redis-server of one's own.
 * Does not own: the adapters.
 * Read next: job-queue-conformance.ts.
 */
export { describeJobQueue, type JobQueueFixture } from './job-queue-conformance.js';
export { type RunningRedis, startRedis } from './redis-server.js';
