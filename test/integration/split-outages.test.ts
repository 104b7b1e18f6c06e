import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { AppError } from '#errors';
import { MARKET_CONTRACT, type MarketPort, ServiceClient } from '#services';
import { type RunningRedis, startRedis, until } from '../../libs/jobs/testing/index.js';
import { connectOverRedis, type LocalPorts } from '../../libs/services/testing/index.js';
import { requireCounterpart } from '../counterparts.js';

const QUOTE = { sizeBytes: 1, profile: 'test', epochs: 1 };

/** A market that only knows one answer. */
const marketWith = (quote: MarketPort['quote']): LocalPorts =>
  ({ market: { quote } as MarketPort }) as unknown as LocalPorts;

requireCounterpart('redis-server').describe('a service over Redis when things go wrong', () => {
  let redis: RunningRedis;
  beforeAll(async () => {
    redis = await startRedis({ password: 'p@ss:word' });
  });
  afterAll(async () => {
    await redis?.stop();
  });

  const withClient = async (timeoutMs: number, use: (port: MarketPort) => Promise<void>): Promise<void> => {
    const client = new ServiceClient({
      redisUrl: redis.url.replace('p@ss:word', 'p%40ss%3Aword'),
      timeoutMs,
    });
    try {
      await use(client.port(MARKET_CONTRACT));
    } finally {
      await client.close();
    }
  };
  const withHost = async (quote: MarketPort['quote'], use: () => Promise<void>): Promise<void> => {
    const url = redis.url.replace('p@ss:word', 'p%40ss%3Aword');
    const host = await connectOverRedis(() => url)('market', marketWith(quote));
    try {
      await use();
    } finally {
      await host.close();
    }
  };

  test('nobody listens: told at once, long before the time-out', async () => {
    await withClient(60_000, async (market) => {
      await expect(market.quote(QUOTE)).rejects.toMatchObject({
        code: 'services/unavailable',
        data: { service: 'market' },
      });
    });
  });

  test('somebody listens and stays silent: told after the time-out, by name', async () => {
    await withHost(
      () => new Promise(() => undefined),
      () =>
        withClient(300, async (market) => {
          await expect(market.quote(QUOTE)).rejects.toMatchObject({
            code: 'services/timeout',
            message: expect.stringContaining('market service did not answer quote within 300 ms'),
          });
        }),
    );
  });

  test('an error of the service arrives as it was thrown', async () => {
    const thrown = new AppError({
      code: 'market/too-few-providers',
      message: 'two are too few',
      next: 'wait',
      data: { needed: 5n, found: 2 },
    });
    await withHost(
      () => Promise.reject(thrown),
      () =>
        withClient(20_000, async (market) => {
          await expect(market.quote(QUOTE)).rejects.toMatchObject({
            name: 'AppError',
            code: 'market/too-few-providers',
            message: 'two are too few',
            next: 'wait',
            data: { needed: '5', found: 2 },
          });
        }),
    );
  });

  test('an answer of another version is no answer', async () => {
    await withHost(
      () => Promise.resolve({ price: 'low' } as never),
      () =>
        withClient(20_000, async (market) => {
          await expect(market.quote(QUOTE)).rejects.toMatchObject({ code: 'services/bad-answer' });
        }),
    );
  });

  test('Redis frozen is told after the time-out; killed is told at once; back, it is asked again', async () => {
    let asked = 0;
    await withHost(
      async () => {
        asked += 1;
        throw new AppError({ code: 'market/asked', message: String(asked) });
      },
      () =>
        withClient(1_000, async (market) => {
          await expect(market.quote(QUOTE)).rejects.toMatchObject({ code: 'market/asked' });
          redis.pause();
          await expect(market.quote(QUOTE)).rejects.toMatchObject({ code: 'services/timeout' });
          redis.resume();
          await redis.kill();
          await expectEventually(market, 'services/redis-lost');
          await redis.restart();
          await expectEventually(market, 'market/asked');
        }),
    );
  });
});

async function expectEventually(market: MarketPort, code: string): Promise<void> {
  await until(`the answer ${code}`, async () => {
    const answer = await market.quote(QUOTE).then(
      () => 'answered',
      (error: AppError) => error.code,
    );
    return answer === code;
  });
}
