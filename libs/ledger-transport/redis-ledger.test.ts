import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type INestApplication, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { LedgerModule, type LedgerPort } from '#ledger';
import { type RunningRedis, startRedis, until } from '../jobs/testing/index.js';
import { describeLedgerPort, TestLedger } from '../ledger/testing/index.js';
import { LedgerMessagesModule, openRedisLedger, type RedisLedger, serveLedgerOnRedis } from './index.js';

let redis: RunningRedis;
beforeAll(async () => {
  redis = await startRedis();
});
afterAll(async () => {
  await redis?.stop();
});

async function serve(ledger: LedgerPort, redisUrl = redis.url): Promise<INestApplication> {
  @Module({ imports: [LedgerModule.remote(ledger), LedgerMessagesModule] })
  class ServingModule {}
  const app = await NestFactory.create(ServingModule, { logger: false, abortOnError: false });
  await serveLedgerOnRedis(app, redisUrl);
  return app;
}

describeLedgerPort('over Redis', async (ledger) => {
  const app = await serve(ledger);
  const port = await openRedisLedger({ redisUrl: redis.url });
  return {
    port,
    close: async () => {
      await port.close();
      await app.close();
    },
  };
});

describe('the ledger over Redis', () => {
  let chain: TestLedger;
  let app: INestApplication | undefined;
  let port: RedisLedger;
  beforeAll(async () => {
    chain = await TestLedger.open();
    app = await serve(chain.ledger);
    port = await openRedisLedger({ redisUrl: redis.url, timeoutMs: 1_500 });
  });
  afterAll(async () => {
    await port?.close();
    await app?.close();
    await chain?.close();
  });

  test('says what is missing when Redis is not there', async () => {
    await expect(openRedisLedger({ redisUrl: 'redis://user:secret@127.0.0.1:1' })).rejects.toMatchObject({
      code: 'redis/unreachable',
      data: { redis: 'redis://127.0.0.1:1' },
    });
  });

  test('goes on, and loses no block, after Redis was away', async () => {
    const stop = new AbortController();
    const seen: string[] = [];
    const reading = (async () => {
      for await (const event of port.follow({}, stop.signal))
        if (event.type === 'block') seen.push(event.blockId);
    })();
    await until('the stream has begun', async () => {
      await chain.mine();
      return seen.length > 0;
    });
    const firstHeight = (await chain.ledger.block({ ref: seen[0]! }))!.height;
    await redis.kill();
    await chain.mine(3);
    await expect(port.status()).rejects.toMatchObject({ code: 'ledger/unreachable' });
    await redis.restart();
    await until('questions are answered again', () =>
      port.status().then(
        () => true,
        () => false,
      ),
    );
    const last = await chain.mine();
    await until('the last block is told', () => seen.includes(last));
    stop.abort();
    await reading;
    const expected: string[] = [];
    for (let height = firstHeight; height <= chain.height; height += 1)
      expected.push((await chain.ledger.block({ ref: String(height) }))!.id);
    expect(seen).toEqual(expected);
  });

  test('ends cleanly while Redis is away', async () => {
    const own = await startRedis();
    const served = await serve({ ...chain.ledger, close: undefined } as LedgerPort, own.url);
    const asking = await openRedisLedger({ redisUrl: own.url });
    await asking.status();
    await own.kill();
    await Promise.all([asking.close(), served.close()]);
    await own.stop();
  });

  test('says so when nobody serves the ledger', async () => {
    await app?.close();
    app = undefined;
    await expect(port.status()).rejects.toMatchObject({
      code: 'ledger/unreachable',
      message: expect.stringContaining('no process answered ledger.status'),
    });
  });
});
