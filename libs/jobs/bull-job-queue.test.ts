import { afterEach, describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import { createBullJobQueue, defineJob, type JobQueue } from './index.js';
import { type RunningRedis, startRedis, until } from './testing/index.js';
import { describeJobQueue } from './testing/job-queue-conformance.js';

describeJobQueue('BullMQ on Redis', async () => {
  const redis = await startRedis();
  const store = { redisUrl: redis.url, prefix: 'conformance' };
  return { store, open: () => createBullJobQueue(store), stop: () => redis.stop() };
});

describe('a Redis that is not there', () => {
  const job = defineJob('lost-and-found', z.object({ index: z.number() }));
  let redis: RunningRedis | undefined;
  let queue: JobQueue | undefined;

  afterEach(async () => {
    await queue?.close({ graceMs: 0 });
    await redis?.stop();
    redis = undefined;
    queue = undefined;
  });

  test('at the start is an error within seconds that names the URL without its password', async () => {
    redis = await startRedis({ password: 'geheim' });
    await redis.kill();
    const startedAt = performance.now();
    const error: unknown = await createBullJobQueue({ redisUrl: redis.url }).catch(
      (thrown: unknown) => thrown,
    );
    expect(error).toMatchObject({
      code: 'redis/unreachable',
      message: expect.stringContaining(`redis://127.0.0.1:${redis.port}`),
      next: expect.stringContaining('unset REDIS_URL'),
    });
    expect(`${JSON.stringify(error)} ${(error as Error).message}`).not.toContain('geheim');
    expect(performance.now() - startedAt).toBeLessThan(6_000);
  });

  test('that is frozen at the start is reported too', async () => {
    redis = await startRedis();
    redis.pause();
    await expect(createBullJobQueue({ redisUrl: redis.url })).rejects.toMatchObject({
      code: 'redis/unreachable',
    });
    redis.resume();
  });

  test('or refuses the password is reported with its reason', async () => {
    redis = await startRedis({ password: 'geheim' });
    const redisUrl = `redis://:falsch@127.0.0.1:${redis.port}`;
    await expect(createBullJobQueue({ redisUrl })).rejects.toMatchObject({
      code: 'redis/unreachable',
      message: expect.stringMatching(/WRONGPASS|NOAUTH/),
    });
  });

  test('for a moment delays work, loses none and crashes nothing', async () => {
    redis = await startRedis();
    const errors: Error[] = [];
    queue = await createBullJobQueue({ redisUrl: redis.url, onError: (error) => errors.push(error) });
    const seen = new Set<number>();
    let release: () => void = () => undefined;
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    await queue.work(
      job,
      async ({ payload }) => {
        if (payload.index === 0) await held;
        seen.add(payload.index);
      },
      { leaseMs: 2_000 },
    );
    for (let index = 0; index < 5; index += 1) await queue.enqueue(job, { index });
    await until('the first one runs', async () => (await queue!.counts(job.name)).active === 1);
    await redis.kill();
    await until('the loss is reported', () => errors.length > 0);
    const late = queue.enqueue(job, { index: 5 });
    release();
    await redis.restart();
    await expect(late).resolves.toMatchObject({ added: true });
    await until('all ran', async () => seen.size === 6 && (await queue!.counts(job.name)).active === 0);
    expect((await queue.counts(job.name)).failed).toBe(0);
  });

  test('for longer than the patience fails the operation, and works again afterwards', async () => {
    redis = await startRedis();
    queue = await createBullJobQueue({ redisUrl: redis.url, patienceMs: 1_000 });
    await queue.enqueue(job, { index: 0 });
    await redis.kill();
    const startedAt = performance.now();
    await expect(queue.enqueue(job, { index: 1 })).rejects.toMatchObject({
      code: 'jobs/redis-lost',
      message: expect.stringContaining(`redis://127.0.0.1:${redis.port}`),
    });
    expect(performance.now() - startedAt).toBeLessThan(4_000);
    await redis.restart();
    const seen: number[] = [];
    await queue.work(job, async ({ payload }) => void seen.push(payload.index));
    await queue.enqueue(job, { index: 2 });
    await until('both sides work again', () => seen.includes(0) && seen.includes(2));
  });

  test('and that freezes with open connections fails the operation too', async () => {
    redis = await startRedis();
    queue = await createBullJobQueue({ redisUrl: redis.url, patienceMs: 1_000 });
    redis.pause();
    await expect(queue.counts(job.name)).rejects.toMatchObject({ code: 'jobs/redis-lost' });
    redis.resume();
    await until('it answers again', async () => (await queue!.counts(job.name)).waiting === 0);
  });

  test('does not keep close from ending', async () => {
    redis = await startRedis();
    queue = await createBullJobQueue({ redisUrl: redis.url, patienceMs: 1_000 });
    await queue.work(job, async () => undefined);
    await redis.kill();
    const startedAt = performance.now();
    await queue.close();
    expect(performance.now() - startedAt).toBeLessThan(5_000);
  });
});
