import { Redis, type RedisOptions } from 'ioredis';
import { AppError } from '#errors';
import { toError } from './run-job.js';

/** How long a first connection may take before Redis counts as unreachable. */
const START_PATIENCE_MS = 5_000;

/** The URL as it may be shown: without user and password. */
export function redisUrlToPublic(redisUrl: string): string {
  const url = new URL(redisUrl);
  url.username = '';
  url.password = '';
  return url.href;
}

/** Milliseconds before reconnection attempt number `times` (from 1). */
export function reconnectDelayMs(times: number): number {
  return Math.min(50 * 2 ** (times - 1), 1_000);
}

/** How many reconnections fit into a given patience. */
export function reconnectsWithin(patienceMs: number): number {
  let times = 0;
  for (let waitedMs = 0; waitedMs < patienceMs; waitedMs += reconnectDelayMs(times)) times += 1;
  return times;
}

/**
 * Connects once, and from then on reconnects for ever.
 * @throws AppError `jobs/redis-unreachable` within seconds when there is no Redis, or it refuses the password
 */
export async function connectRedis(
  redisUrl: string,
  options: RedisOptions,
  onError: (error: Error) => void,
): Promise<Redis> {
  let wasReady = false;
  let lastError: Error | undefined;
  const client = new Redis(redisUrl, {
    ...options,
    lazyConnect: true,
    connectTimeout: START_PATIENCE_MS - 1_000,
    disconnectTimeout: 100,
    retryStrategy: (times) => (wasReady ? reconnectDelayMs(times) : null),
  });
  client.on('error', (error) => {
    lastError = error;
    if (wasReady) onError(redisLost(redisUrl, error));
  });
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new Error(`no answer within ${START_PATIENCE_MS} ms`)),
      START_PATIENCE_MS,
    );
  });
  try {
    await Promise.race([client.connect().then(() => client.ping()), tooLate]);
    wasReady = true;
    return client;
  } catch (error) {
    client.disconnect();
    throw redisUnreachable(redisUrl, lastError ?? toError(error));
  } finally {
    clearTimeout(timer);
  }
}

/** Redis went away in the middle. */
export function redisLost(redisUrl: string, cause: Error): AppError {
  const redis = redisUrlToPublic(redisUrl);
  return new AppError({
    code: 'jobs/redis-lost',
    message: `the connection to Redis at ${redis} was lost: ${cause.message}`,
    next: 'start Redis again; work goes on by itself as soon as it answers, and a repeated enqueue with a jobId is harmless',
    data: { redis },
    cause,
  });
}

/** Redis answered, with an error: out of memory, read-only, a wrong type under our key. */
export function redisRefused(redisUrl: string, cause: Error): AppError {
  const redis = redisUrlToPublic(redisUrl);
  return new AppError({
    code: 'jobs/redis-refused',
    message: `Redis at ${redis} refused an operation: ${cause.message}`,
    next: "look at its memory (maxmemory-policy must be 'noeviction') and whether it is a writable primary",
    data: { redis },
    cause,
  });
}

function redisUnreachable(redisUrl: string, cause: Error): AppError {
  const redis = redisUrlToPublic(redisUrl);
  return new AppError({
    code: 'jobs/redis-unreachable',
    message: `Redis at ${redis} cannot be reached: ${cause.message || 'the connection was refused'}`,
    next: 'start it (redis-server), correct REDIS_URL, or unset REDIS_URL to use the embedded queue',
    data: { redis },
    cause,
  });
}
