/** A process to be killed: `node crash-child.js JSON`. Says on standard output what it does, one line each. */
import { z } from 'zod';
import { InvariantError } from '#errors';
import { createBullJobQueue, createEmbeddedJobQueue, defineJob } from '../index.js';
import type { CrashOrder } from './child-process.js';

const order = JSON.parse(process.argv[2] ?? '') as CrashOrder;
const say = (line: string): void => void process.stdout.write(`${line}\n`);
const queue =
  'file' in order.store
    ? await createEmbeddedJobQueue({ file: order.store.file, pollMs: 50 })
    : await createBullJobQueue(order.store);
const job = defineJob(order.jobName, z.object({ index: z.number() }));

if (order.role === 'enqueue') {
  for (let index = 0; ; index += 1) {
    const { jobId } = await queue.enqueue(job, { index }, { jobId: `job ${index}` });
    say(`enqueued ${jobId}`);
  }
}
await queue.work(
  job,
  async ({ jobId, attempt, signal }) => {
    say(`started ${jobId} attempt ${attempt}`);
    if (order.role === 'drain') return;
    if (order.role === 'blunder') throw new InvariantError('two and two were five');
    await new Promise<never>((_, reject) => {
      signal.addEventListener('abort', () => {
        say(`aborted ${jobId}`);
        reject(new Error('aborted'));
      });
    });
  },
  { leaseMs: order.leaseMs, concurrency: order.concurrency },
);
say('ready');
