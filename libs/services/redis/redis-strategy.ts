import { ClientRedis, type RedisOptions, ServerRedis } from '@nestjs/microservices';
import type { Redis } from 'ioredis';
import { redisUrlToOptions } from './redis-options.js';

const RECONNECT_MS = 250;

/** Reconnects for ever; what was asked while Redis was away is sent when it is back, or runs into its time-out. */
function strategyOptions(redisUrl: string): NonNullable<RedisOptions['options']> {
  return {
    ...redisUrlToOptions(redisUrl),
    retryAttempts: Number.POSITIVE_INFINITY,
    retryDelay: RECONNECT_MS,
    maxRetriesPerRequest: null,
  } as NonNullable<RedisOptions['options']>;
}

/**
 * Nest awaits none of its PUBLISH and SUBSCRIBE commands; one that is cut off by the closing of its connection would
 * end the process as an unhandled rejection. Whoever asked learns of it by its time-out.
 */
function quieten(client: Redis): Redis {
  for (const name of ['publish', 'subscribe', 'unsubscribe'] as const) {
    const command = client[name].bind(client) as (...args: unknown[]) => Promise<unknown>;
    const quiet = (...args: unknown[]): Promise<unknown> => {
      const sent = command(...args);
      sent.catch(() => undefined);
      return sent;
    };
    Object.assign(client, { [name]: quiet });
  }
  return client;
}

/** Nest's Redis client that survives an outage. */
export class SteadyRedisClient extends ClientRedis {
  constructor(redisUrl: string) {
    super(strategyOptions(redisUrl));
  }

  override async createClient(): Promise<Redis> {
    return quieten((await super.createClient()) as unknown as Redis);
  }
}

/** Nest's Redis server that survives an outage. */
export class SteadyRedisServer extends ServerRedis {
  constructor(redisUrl: string) {
    super(strategyOptions(redisUrl));
  }

  override async createRedisClient(): Promise<Redis> {
    return quieten((await super.createRedisClient()) as unknown as Redis);
  }
}
