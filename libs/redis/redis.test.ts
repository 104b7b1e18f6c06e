import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type RunningRedis, startRedis, until } from '../jobs/testing/index.js';
import {
  assertRedisReachable,
  connectRedis,
  redisUrlToOptions,
  redisUrlToPublic,
  SteadyRedisClient,
} from './index.js';

describe('a Redis URL', () => {
  test('becomes options, with everything decoded', () => {
    expect(redisUrlToOptions('rediss://a%40b:p%3Aw@[::1]:7000/3')).toEqual({
      host: '::1',
      port: 7000,
      db: 3,
      username: 'a@b',
      password: 'p:w',
      tls: {},
    });
    expect(redisUrlToOptions('redis://here')).toEqual({ host: 'here', port: 6379, db: 0 });
  });

  test('is shown without what is secret', () => {
    expect(redisUrlToPublic('redis://user:geheim@here:1/2?password=geheim')).toBe('redis://here:1/2');
  });
});

describe('a connection', () => {
  let redis: RunningRedis;
  beforeAll(async () => {
    redis = await startRedis({ password: 'geheim' });
  });
  afterAll(async () => {
    await redis?.stop();
  });

  test('is to the database that the URL names', async () => {
    const third = await connectRedis(`${redis.url}/3`, {}, () => undefined);
    const first = await connectRedis(redis.url, {}, () => undefined);
    try {
      await third.set('where', 'third');
      expect(await first.get('where')).toBeNull();
      expect(await third.get('where')).toBe('third');
    } finally {
      third.disconnect();
      first.disconnect();
    }
  });

  test('is made again after an outage, which is told', async () => {
    const lost: Error[] = [];
    const client = await connectRedis(redis.url, {}, (cause) => lost.push(cause));
    try {
      await redis.kill();
      await until('the loss is told', () => lost.length > 0);
      await redis.restart();
      expect(await client.ping()).toBe('PONG');
    } finally {
      client.disconnect();
    }
  });

  test.each([
    ['a wrong password', () => redis.url.replace('geheim', 'falsch'), /WRONGPASS/],
    ['a port where nobody listens', () => 'redis://user:geheim@127.0.0.1:1', /ECONNREFUSED|refused/],
  ])('with %s is an error that shows no password', async (_, url, why) => {
    const error: unknown = await assertRedisReachable(url()).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({
      code: 'redis/unreachable',
      message: expect.stringMatching(why),
      next: expect.stringContaining('REDIS_URL'),
    });
    expect(`${JSON.stringify(error)} ${(error as Error).message}`).not.toMatch(/geheim|falsch/);
  });

  test('with a frozen Redis is an error within seconds', async () => {
    redis.pause();
    try {
      const startedAt = performance.now();
      await expect(assertRedisReachable(redis.url)).rejects.toMatchObject({ code: 'redis/unreachable' });
      expect(performance.now() - startedAt).toBeLessThan(7_000);
    } finally {
      redis.resume();
    }
  });

  test('of the transport ends in time though Redis is frozen', async () => {
    const client = new SteadyRedisClient(redis.url, { isQuiet: true });
    await client.connect();
    redis.pause();
    try {
      const startedAt = performance.now();
      await client.close();
      expect(performance.now() - startedAt).toBeLessThan(3_000);
    } finally {
      redis.resume();
    }
  });
});
