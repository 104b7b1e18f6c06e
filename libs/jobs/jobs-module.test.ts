import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { z } from 'zod';
import { defineJob, JOB_QUEUE, type JobQueue, JobsModule } from './index.js';
import { type RunningRedis, startRedis, until } from './testing/index.js';

const greet = defineJob('greet', z.object({ name: z.string() }));
const greeted: string[] = [];

@Injectable()
class Greeter implements OnModuleInit {
  constructor(@Inject(JOB_QUEUE) private readonly queue: JobQueue) {}
  async onModuleInit(): Promise<void> {
    await this.queue.work(greet, async ({ payload }) => void greeted.push(payload.name));
  }
}

let folder: string;
let redis: RunningRedis;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cairn-jobs-module-'));
  redis = await startRedis();
});
afterAll(async () => {
  await redis?.stop();
  await rm(folder, { recursive: true, force: true });
});

describe('JobsModule', () => {
  test.each([
    ['embedded', () => JobsModule.embedded({ file: join(folder, 'jobs.sqlite') })],
    ['redis', () => JobsModule.redis({ redisUrl: redis.url })],
  ] as const)('%s provides a queue and closes it with the app', async (name, jobsModule) => {
    const app = await Test.createTestingModule({ imports: [jobsModule()], providers: [Greeter] }).compile();
    await app.init();
    const queue = app.get<JobQueue>(JOB_QUEUE);
    await queue.enqueue(greet, { name });
    await until('the job ran', () => greeted.includes(name));
    await app.close();
    await expect(queue.enqueue(greet, { name })).rejects.toMatchObject({ code: 'jobs/closed' });
  });

  test('an unreachable Redis stops the app from starting', async () => {
    const gone = await startRedis();
    await gone.stop();
    const building = Test.createTestingModule({
      imports: [JobsModule.redis({ redisUrl: gone.url })],
    }).compile();
    await expect(building).rejects.toMatchObject({ code: 'redis/unreachable' });
  });
});
