/**
 * Owns: what other tests need of jobs: a real redis-server of one's own, and waiting with a deadline.
 * Does not own: the conformance suite, which needs Jest around it: job-queue-conformance.ts.
 * Read next: redis-server.ts.
 */
export { type RunningRedis, startRedis } from './redis-server.js';
export { until } from './until.js';
