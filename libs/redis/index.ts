/**
 * Owns: how a process reaches Redis: the URL as options and as text that may be shown, the first connection with an
 *   error that says what to do, connections and Nest's Redis transport that survive an outage and end in time.
 * Does not own: what travels over it: jobs (libs/jobs), messages of services (libs/services), the ledger
 *   (libs/ledger-transport); a Redis server for tests (libs/jobs/testing).
 * Read next: connect-redis.ts, steady-transport.ts.
 */
export { assertRedisReachable, connectRedis, reconnectsWithin } from './connect-redis.js';
export { redisUrlToOptions, redisUrlToPublic } from './redis-url.js';
export { SteadyRedisClient, type SteadyRedisClientOptions, SteadyRedisServer } from './steady-transport.js';
