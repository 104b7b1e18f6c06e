import type { INestApplication } from '@nestjs/common';
import { type MicroserviceOptions, type RedisOptions, ServerRedis } from '@nestjs/microservices';
import { Redis } from 'ioredis';
import { AppError } from '#errors';

const CONNECT_PATIENCE_MS = 5_000;
const RETRY_MS = 200;

/** Nest's options of its Redis transport for a URL; a lost connection is made again for ever. */
export function redisUrlToOptions(redisUrl: string): NonNullable<RedisOptions['options']> {
  const url = new URL(redisUrl);
  return {
    host: url.hostname,
    port: Number(url.port || 6_379),
    ...(url.username === '' ? {} : { username: decodeURIComponent(url.username) }),
    ...(url.password === '' ? {} : { password: decodeURIComponent(url.password) }),
    ...(url.protocol === 'rediss:' ? { tls: {} } : {}),
    retryAttempts: Number.MAX_SAFE_INTEGER,
    retryDelay: RETRY_MS,
    // A question asked while Redis is away fails soon instead of waiting for its return.
    maxRetriesPerRequest: 2,
  };
}

/**
 * Makes sure that Redis answers before a process builds on it.
 * @throws AppError `ledger/redis-unreachable`
 */
export async function checkRedis(redisUrl: string): Promise<void> {
  let lastError: Error | undefined;
  const client = new Redis(redisUrl, {
    lazyConnect: true,
    connectTimeout: CONNECT_PATIENCE_MS,
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
    const redis = redisUrlToPublic(redisUrl);
    throw new AppError({
      code: 'ledger/redis-unreachable',
      message: `Redis at ${redis} cannot be reached: ${cause.message || 'the connection was refused'}`,
      next: 'start it (redis-server), correct REDIS_URL, or unset REDIS_URL and name the node with CAIRN_NODE_URL',
      data: { redis },
      cause,
    });
  } finally {
    client.disconnect();
  }
}

/** The URL as it may be shown: without user and password. */
export function redisUrlToPublic(redisUrl: string): string {
  const url = new URL(redisUrl);
  url.username = '';
  url.password = '';
  return url.href;
}

/**
 * Lets other processes of this operator reach the ledger of an app that imports LedgerMessagesModule. The connection
 * ends with the app.
 * @throws AppError `ledger/redis-unreachable`
 */
export async function serveLedgerOnRedis(app: INestApplication, redisUrl: string): Promise<void> {
  await checkRedis(redisUrl);
  app.connectMicroservice<MicroserviceOptions>({
    strategy: new ClosableServerRedis(redisUrlToOptions(redisUrl)),
  });
  await app.startAllMicroservices();
}

/** How long Redis may take to say goodbye. */
const CLOSE_PATIENCE_MS = 1_000;

/** Runs a close that talks to Redis; a Redis that is gone or frozen must not turn a clean stop into a failure. */
export async function closePatiently(close: () => Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, CLOSE_PATIENCE_MS);
  });
  await Promise.race([close().catch(() => undefined), late]);
  clearTimeout(timer);
}

/** Nest's Redis server, whose connections end even when Redis is gone. */
class ClosableServerRedis extends ServerRedis {
  constructor(options: NonNullable<RedisOptions['options']>) {
    super(options);
  }

  override async close(): Promise<void> {
    await closePatiently(() => super.close());
    for (const client of [this.subClient, this.pubClient]) client?.disconnect();
  }
}
