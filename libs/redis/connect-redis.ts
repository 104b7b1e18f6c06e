import { Redis, type RedisOptions } from 'ioredis';
import { AppError } from '#errors';
import { redisUrlToOptions, redisUrlToPublic } from './redis-url.js';

/** How long a first connection may take before Redis counts as unreachable. */
const START_PATIENCE_MS = 5_000;

/** Milliseconds before reconnection attempt number `times` (from 1). */
function reconnectDelayMs(times: number): number {
  return Math.min(50 * 2 ** (times - 1), 1_000);
}

/** How many reconnections fit into a given patience. */
export function reconnectsWithin(patienceMs: number): number {
  let times = 0;
  for (let waitedMs = 0; waitedMs < patienceMs; waitedMs += reconnectDelayMs(times)) times += 1;
  return times;
}

/**
 * Connects once, and from then on reconnects for ever; `onLost` is told why each time.
 * @throws AppError `redis/unreachable` within seconds when there is no Redis, it is silent, or refuses the password
 */
export async function connectRedis(
  redisUrl: string,
  options: RedisOptions,
  onLost: (cause: Error) => void,
): Promise<Redis> {
  let wasReady = false;
  let lastError: Error | undefined;
  const client = new Redis({
    ...redisUrlToOptions(redisUrl),
    ...options,
    lazyConnect: true,
    connectTimeout: START_PATIENCE_MS - 1_000,
    disconnectTimeout: 100,
    retryStrategy: (times) => (wasReady ? reconnectDelayMs(times) : null),
  });
  client.on('error', (error) => {
    lastError = error;
    if (wasReady) onLost(error);
  });
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<never>((_, reject) => {
    const late = new Error(`no answer within ${START_PATIENCE_MS} ms`);
    timer = setTimeout(() => reject(late), START_PATIENCE_MS);
  });
  try {
    await Promise.race([client.connect().then(() => client.ping()), tooLate]);
    wasReady = true;
    return client;
  } catch (error) {
    client.disconnect();
    throw redisUnreachable(redisUrl, lastError ?? (error as Error));
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Makes sure that Redis answers before a process builds on it.
 * @throws AppError `redis/unreachable`
 */
export async function assertRedisReachable(redisUrl: string): Promise<void> {
  const client = await connectRedis(redisUrl, {}, () => undefined);
  client.disconnect();
}

function redisUnreachable(redisUrl: string, cause: Error): AppError {
  const redis = redisUrlToPublic(redisUrl);
  return new AppError({
    code: 'redis/unreachable',
    message: `Redis at ${redis} cannot be reached: ${cause.message || 'the connection was refused'}`,
    next: 'start it (redis-server), correct REDIS_URL, or unset REDIS_URL and run the site app, which needs none',
    data: { redis },
    cause,
  });
}
