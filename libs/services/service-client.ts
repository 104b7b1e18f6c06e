import { setTimeout as delay } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import { lastValueFrom } from 'rxjs';
import { redisUrlToPublic, SteadyRedisClient } from '#redis';
import { messagePattern, type PortOf, type ServiceContract } from './service-contract.js';
import {
  badAnswer,
  openEnvelope,
  servicesRedisLost,
  serviceTimeout,
  serviceUnavailable,
} from './service-error.js';

export interface ServiceClientOptions {
  readonly redisUrl: string;
  /** How long one answer may take. */
  readonly timeoutMs: number;
}

/** Asks the services of this operator over Redis; one for a process. */
export class ServiceClient {
  private readonly proxy: SteadyRedisClient;

  constructor(private readonly options: ServiceClientOptions) {
    this.proxy = new SteadyRedisClient(options.redisUrl);
  }

  /**
   * The port of a service that is a process of its own.
   * @throws AppError of each method: `services/unavailable`, `services/redis-lost`, `services/timeout`,
   *   `services/bad-answer`, or what the service threw
   */
  port<C extends ServiceContract>(contract: C): PortOf<C> {
    const { service } = contract;
    const entries = Object.entries(contract.methods).map(([method, { answer }]) => [
      method,
      async (request: unknown) => {
        const packet = await this.ask(service, method, request);
        const parsed = answer.safeParse(openEnvelope(service, method, packet));
        if (parsed.success) return parsed.data;
        throw badAnswer(service, method, parsed.error);
      },
    ]);
    return Object.fromEntries(entries) as PortOf<C>;
  }

  /** @throws AppError `services/unavailable`, `services/redis-lost` */
  async assertRunning(contract: ServiceContract): Promise<void> {
    const [method = ''] = Object.keys(contract.methods);
    await this.within(2_000, contract.service, method, () => this.assertHeard(contract.service, method));
  }

  /** @throws AppError `services/redis-lost` */
  async assertRedis(): Promise<void> {
    await this.within(2_000, 'redis', 'PING', async () => (await this.connected('redis')).ping());
  }

  async close(): Promise<void> {
    await this.proxy.close();
  }

  private ask(service: string, method: string, request: unknown): Promise<unknown> {
    return this.within(this.options.timeoutMs, service, method, async () => {
      await this.assertHeard(service, method);
      return lastValueFrom(this.proxy.send(messagePattern(service, method), request ?? {}));
    });
  }

  /** Redis knows at once whether anybody listens; waiting for the time-out would tell the same much later. */
  private async assertHeard(service: string, method: string): Promise<void> {
    const channel = messagePattern(service, method);
    const publisher = await this.connected(service);
    const [, listeners] = (await publisher.pubsub('NUMSUB', channel)) as [string, number | string];
    if (Number(listeners) === 0) throw serviceUnavailable(service);
  }

  private async connected(service: string): Promise<Redis> {
    try {
      await this.proxy.connect();
      const [publisher] = this.proxy.unwrap<[Redis, Redis]>();
      if (publisher.status === 'ready') return publisher;
    } catch (cause) {
      throw servicesRedisLost(service, redisUrlToPublic(this.options.redisUrl), cause);
    }
    throw servicesRedisLost(service, redisUrlToPublic(this.options.redisUrl));
  }

  private async within<T>(
    timeoutMs: number,
    service: string,
    method: string,
    work: () => Promise<T>,
  ): Promise<T> {
    const timer = new AbortController();
    const tooLate = delay(timeoutMs, undefined, { signal: timer.signal }).then(() => {
      throw serviceTimeout(service, method, timeoutMs);
    });
    tooLate.catch(() => undefined);
    try {
      return await Promise.race([work(), tooLate]);
    } finally {
      timer.abort();
    }
  }
}
