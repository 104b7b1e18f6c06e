import { Redis, type RedisOptions } from 'ioredis';
import { AppError } from '#errors';

/** How long a first connection may take. */
const START_PATIENCE_MS = 4_000;

/** The parts of a Redis URL as the driver's options. */
export function redisUrlToOptions(redisUrl: string): RedisOptions {
  const url = new URL(redisUrl);
  const db = Number(url.pathname.slice(1) || '0');
  return {
    host: url.hostname.replace(/^\[(.*)\]$/, '$1'),
    port: Number(url.port || '6379'),
    db,
    ...(url.username === '' ? {} : { username: decodeURIComponent(url.username) }),
    ...(url.password === '' ? {} : { password: decodeURIComponent(url.password) }),
    ...(url.protocol === 'rediss:' ? { tls: {} } : {}),
  };
}

/** A Redis URL as it may be shown. */
export function redisUrlToText(redisUrl: string): string {
  const { protocol, host, pathname } = new URL(redisUrl);
  return `${protocol}//${host}${pathname}`;
}

/**
 * Asks Redis for a sign of life, once.
 * @throws AppError `services/redis-unreachable`
 */
export async function assertRedisReachable(redisUrl: string): Promise<void> {
  let lastError: Error | undefined;
  const client = new Redis({
    ...redisUrlToOptions(redisUrl),
    lazyConnect: true,
    connectTimeout: START_PATIENCE_MS,
    commandTimeout: START_PATIENCE_MS,
    retryStrategy: () => null,
  });
  client.on('error', (error) => {
    lastError = error;
  });
  try {
    await client.connect();
    await client.ping();
  } catch (error) {
    const cause = lastError ?? (error as Error);
    const redis = redisUrlToText(redisUrl);
    throw new AppError({
      code: 'services/redis-unreachable',
      message: `Redis at ${redis} cannot be reached: ${cause.message || 'the connection was refused'}`,
      next: 'start it (redis-server), correct REDIS_URL, or unset REDIS_URL and run the site app, which needs none',
      data: { redis },
      cause,
    });
  } finally {
    client.disconnect();
  }
}
