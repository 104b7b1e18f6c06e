import { Logger } from '@nestjs/common';
import { ClientRedis, type RedisOptions, ServerRedis } from '@nestjs/microservices';
import type { Redis } from 'ioredis';
import { redisUrlToOptions } from './redis-url.js';

const RECONNECT_MS = 250;

/** How long Redis may take to say goodbye. */
const CLOSE_PATIENCE_MS = 1_000;

export interface SteadyRedisClientOptions {
  /** Logs nothing: for processes whose output is data. What fails is thrown where it is asked. Default: false. */
  readonly isQuiet?: boolean;
}

/** Nest's Redis client that survives an outage; it fails what is asked meanwhile, and ends in time. */
export class SteadyRedisClient extends ClientRedis {
  protected override readonly logger: Logger;

  constructor(redisUrl: string, options: SteadyRedisClientOptions = {}) {
    super(transportOptions(redisUrl));
    this.logger = options.isQuiet === true ? new QuietLogger() : new Logger(ClientRedis.name);
  }

  override async createClient(): Promise<Redis> {
    return quieten((await super.createClient()) as unknown as Redis);
  }

  override async close(): Promise<void> {
    const connections = [this.pubClient, this.subClient];
    await closePatiently(() => super.close());
    for (const connection of connections) connection?.disconnect();
  }
}

/** Nest's Redis server that survives an outage and ends in time. */
export class SteadyRedisServer extends ServerRedis {
  constructor(redisUrl: string) {
    super(transportOptions(redisUrl));
  }

  override async createRedisClient(): Promise<Redis> {
    return quieten((await super.createRedisClient()) as unknown as Redis);
  }

  override async close(): Promise<void> {
    await closePatiently(() => super.close());
    for (const connection of [this.subClient, this.pubClient]) connection?.disconnect();
  }
}

class QuietLogger extends Logger {
  override log(): void {}
  override error(): void {}
}

/** Reconnects for ever; what was sent just before an outage is sent again after it, or runs into its time-out. */
function transportOptions(redisUrl: string): NonNullable<RedisOptions['options']> {
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

/** Runs a close that talks to Redis; a Redis that is gone or frozen must not turn a clean stop into a failure. */
async function closePatiently(close: () => Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, CLOSE_PATIENCE_MS);
  });
  await Promise.race([close().catch(() => undefined), late]);
  clearTimeout(timer);
}
