import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { z } from 'zod';
import { defineJob, type JobDefinition, type JobQueue } from '../index.js';
import { type Child, type CrashOrder, type JobStore, startChild } from './child-process.js';
import { until } from './until.js';

/** A store for the suite: opened as often as asked, each time as another process would. */
export interface JobQueueFixture {
  readonly store: JobStore;
  open(): Promise<JobQueue>;
  stop(): Promise<void>;
}

const LEASE_MS = 800;
interface Indexed {
  readonly index: number;
}

/** The promises of `JobQueue`, to be kept by every adapter. */
export function describeJobQueue(adapter: string, start: () => Promise<JobQueueFixture>): void {
  describe(`${adapter} keeps the promises of JobQueue`, () => {
    let fixture: JobQueueFixture;
    let opened: JobQueue[] = [];
    let children: Child[] = [];
    let nameCount = 0;

    const open = async (): Promise<JobQueue> => {
      const queue = await fixture.open();
      opened.push(queue);
      return queue;
    };
    const newJob = (): JobDefinition<Indexed> => {
      nameCount += 1;
      return defineJob(`test-${nameCount}`, z.object({ index: z.number() }));
    };
    const startWorkerChild = (role: CrashOrder['role'], jobName: string, concurrency = 1): Child => {
      const child = startChild({ role, store: fixture.store, jobName, leaseMs: LEASE_MS, concurrency });
      children.push(child);
      return child;
    };
    const isIdle = async (queue: JobQueue, name: string): Promise<boolean> => {
      const { waiting, delayed, active } = await queue.counts(name);
      return waiting + delayed + active === 0;
    };

    beforeAll(async () => {
      fixture = await start();
    });
    afterEach(async () => {
      await Promise.all(children.map((child) => child.kill()));
      await Promise.all(opened.map((queue) => queue.close({ graceMs: 0 })));
      children = [];
      opened = [];
    });
    afterAll(async () => {
      await fixture?.stop();
    });

    test('runs a job once with its payload and forgets it', async () => {
      const [queue, job] = [await open(), newJob()];
      const seen: unknown[] = [];
      const { jobId, added } = await queue.enqueue(job, { index: 7 });
      await queue.work(
        job,
        async ({ signal, ...rest }) => void seen.push({ ...rest, aborted: signal.aborted }),
      );
      await until('the job is done', async () => seen.length > 0 && (await isIdle(queue, job.name)));
      expect(added).toBe(true);
      expect(seen).toEqual([{ jobId, name: job.name, payload: { index: 7 }, attempt: 1, aborted: false }]);
      expect(await queue.counts(job.name)).toEqual({ waiting: 0, delayed: 0, active: 0, failed: 0 });
    });

    test('takes jobs in the order they were enqueued', async () => {
      const [queue, job] = [await open(), newJob()];
      const seen: number[] = [];
      for (let index = 0; index < 30; index += 1) await queue.enqueue(job, { index });
      await queue.work(job, async ({ payload }) => void seen.push(payload.index));
      await until('all ran', () => seen.length === 30);
      expect(seen).toEqual(Array.from({ length: 30 }, (_, index) => index));
    });

    test('tries again with a pause that doubles', async () => {
      const [queue, job] = [await open(), newJob()];
      const times: number[] = [];
      const attempts: number[] = [];
      await queue.work(job, async ({ attempt }) => {
        times.push(performance.now());
        attempts.push(attempt);
        if (attempt < 4) throw new Error(`attempt ${attempt} fails`);
      });
      await queue.enqueue(job, { index: 0 }, { attempts: 4, backoffMs: 150 });
      await until(
        'the fourth attempt succeeds',
        async () => attempts.length === 4 && (await isIdle(queue, job.name)),
      );
      expect(attempts).toEqual([1, 2, 3, 4]);
      const pauses = times.slice(1).map((time, index) => time - times[index]!);
      // Timers may fire a millisecond early against another clock.
      expect(pauses[0]).toBeGreaterThanOrEqual(145);
      expect(pauses[1]).toBeGreaterThanOrEqual(295);
      expect(pauses[2]).toBeGreaterThanOrEqual(595);
      expect((await queue.counts(job.name)).failed).toBe(0);
    });

    test('keeps a job that used up its attempts, with its last error, and frees its id', async () => {
      const [queue, job] = [await open(), newJob()];
      const before = Date.now();
      await queue.enqueue(job, { index: 3 }, { jobId: 'prove:c1/7', attempts: 2, backoffMs: 1 });
      await queue.work(job, async ({ attempt }) => {
        throw new Error(`disk ${attempt} is gone`);
      });
      await until('it has failed', async () => (await queue.counts(job.name)).failed === 1);
      const [failed, ...others] = await queue.failed(job.name);
      expect(others).toEqual([]);
      expect(failed).toMatchObject({ jobId: 'prove:c1/7', payload: { index: 3 }, attemptsMade: 2 });
      expect(failed?.lastError).toBe('disk 2 is gone');
      expect(failed?.failedAt).toBeGreaterThanOrEqual(before);
      expect(await queue.enqueue(job, { index: 4 }, { jobId: 'prove:c1/7', attempts: 1 })).toMatchObject({
        added: true,
      });
      await until('it has failed again', async () => (await queue.counts(job.name)).failed === 2);
      expect((await queue.failed(job.name)).map(({ payload }) => payload)).toEqual([
        { index: 4 },
        { index: 3 },
      ]);
      expect(await queue.failed(job.name, 1)).toHaveLength(1);
    });

    test('does not run a delayed job early', async () => {
      const [queue, job] = [await open(), newJob()];
      const ranAt: number[] = [];
      await queue.work(job, async () => void ranAt.push(performance.now()));
      const enqueuedAt = performance.now();
      await queue.enqueue(job, { index: 0 }, { delayMs: 400 });
      expect(await queue.counts(job.name)).toEqual({ waiting: 0, delayed: 1, active: 0, failed: 0 });
      await until('it ran', () => ranAt.length > 0);
      expect(ranAt[0]! - enqueuedAt).toBeGreaterThanOrEqual(395);
    });

    test('adds no second job of an id that waits, is delayed, runs or pauses between attempts', async () => {
      const [queue, other, job] = [await open(), await open(), newJob()];
      const enqueue = (from: JobQueue, jobId: string, delayMs = 0) =>
        from.enqueue(job, { index: 0 }, { jobId, delayMs, backoffMs: 60_000 }).then(({ added }) => added);
      expect([await enqueue(queue, 'a'), await enqueue(other, 'a')]).toEqual([true, false]);
      expect([await enqueue(queue, 'later', 60_000), await enqueue(other, 'later')]).toEqual([true, false]);
      const both = await Promise.all([enqueue(queue, 'race', 60_000), enqueue(other, 'race', 60_000)]);
      expect(both.sort()).toEqual([false, true]);

      let finish: () => void = () => undefined;
      const runs: number[] = [];
      await queue.work(job, async ({ attempt }) => {
        runs.push(attempt);
        await new Promise<void>((resolve) => {
          finish = resolve;
        });
        throw new Error('not yet');
      });
      await until('it runs', () => runs.length === 1);
      expect(await enqueue(other, 'a')).toBe(false);
      finish();
      await until('it pauses', async () => (await queue.counts(job.name)).delayed === 3);
      expect(await enqueue(other, 'a')).toBe(false);
      expect(runs).toEqual([1]);
    });

    test('an id is free again once its job has completed', async () => {
      const [queue, job] = [await open(), newJob()];
      const runs: number[] = [];
      await queue.work(job, async ({ payload }) => void runs.push(payload.index));
      await queue.enqueue(job, { index: 1 }, { jobId: 'again' });
      await until('it is done', () => isIdle(queue, job.name));
      expect(await queue.enqueue(job, { index: 2 }, { jobId: 'again' })).toEqual({
        jobId: 'again',
        added: true,
      });
      await until('it ran again', () => runs.length === 2);
      expect(runs).toEqual([1, 2]);
    });

    test('takes back what waits or is delayed, never what runs', async () => {
      const [queue, job] = [await open(), newJob()];
      await queue.enqueue(job, { index: 1 }, { jobId: 'waiting' });
      await queue.enqueue(job, { index: 2 }, { jobId: 'delayed', delayMs: 60_000 });
      expect(await queue.remove(job.name, 'waiting')).toBe(true);
      expect(await queue.remove(job.name, 'waiting')).toBe(false);
      expect(await queue.remove(job.name, 'delayed')).toBe(true);
      expect(await queue.remove(job.name, 'unknown')).toBe(false);
      expect(await queue.counts(job.name)).toEqual({ waiting: 0, delayed: 0, active: 0, failed: 0 });
      expect(await queue.enqueue(job, { index: 3 }, { jobId: 'waiting' })).toMatchObject({ added: true });

      let finish: () => void = () => undefined;
      const runs: number[] = [];
      await queue.work(job, async ({ payload }) => {
        runs.push(payload.index);
        await new Promise<void>((resolve) => {
          finish = resolve;
        });
      });
      await until('it runs', () => runs.length === 1);
      expect(await queue.remove(job.name, 'waiting')).toBe(false);
      finish();
      await until('it is done', () => isIdle(queue, job.name));
      expect(runs).toEqual([3]);
    });

    test('runs as many at a time as asked for, and no more', async () => {
      const [queue, job] = [await open(), newJob()];
      let running = 0;
      let most = 0;
      let done = 0;
      for (let index = 0; index < 20; index += 1) await queue.enqueue(job, { index });
      await queue.work(
        job,
        async () => {
          running += 1;
          most = Math.max(most, running);
          await new Promise((resolve) => setTimeout(resolve, 30));
          running -= 1;
          done += 1;
        },
        { concurrency: 4 },
      );
      await until('all ran', () => done === 20);
      expect(most).toBe(4);
    });

    test('close waits for running jobs and leaves the others to the next worker', async () => {
      const [queue, other, job] = [await open(), await open(), newJob()];
      const ended: number[] = [];
      let begun = 0;
      for (let index = 0; index < 6; index += 1) await queue.enqueue(job, { index });
      await queue.work(
        job,
        async ({ payload }) => {
          begun += 1;
          await new Promise((resolve) => setTimeout(resolve, 300));
          ended.push(payload.index);
        },
        { concurrency: 2 },
      );
      await until('two run', () => begun === 2);
      await queue.close();
      expect(ended.sort()).toEqual([0, 1]);
      expect(await other.counts(job.name)).toMatchObject({ waiting: 4, active: 0 });
      await other.work(job, async ({ payload }) => void ended.push(payload.index));
      await until('the rest ran', () => ended.length === 6);
      expect(ended.sort()).toEqual([0, 1, 2, 3, 4, 5]);
    });

    test('close with a grace period interrupts, and the attempt does not count', async () => {
      const [queue, other, job] = [await open(), await open(), newJob()];
      await queue.enqueue(job, { index: 0 }, { attempts: 1 });
      let begun = 0;
      const worker = await queue.work(job, async ({ signal }) => {
        begun += 1;
        await new Promise<never>((_, reject) => {
          signal.addEventListener('abort', () => reject(new Error('interrupted')));
        });
      });
      await until('it runs', () => begun === 1);
      await worker.close({ graceMs: 50 });
      expect(await other.counts(job.name)).toEqual({ waiting: 1, delayed: 0, active: 0, failed: 0 });
      const attempts: number[] = [];
      await other.work(job, async ({ attempt }) => void attempts.push(attempt));
      await until('it ran again', () => attempts.length === 1);
      expect(attempts).toEqual([1]);
    });

    test('refuses a payload that does not fit, and fails one that no longer fits without trying again', async () => {
      const [queue, job] = [await open(), newJob()];
      const wrong = { index: 'seven' } as unknown as Indexed;
      await expect(queue.enqueue(job, wrong)).rejects.toMatchObject({ code: 'jobs/payload-invalid' });
      await expect(queue.enqueue(job, { index: 1n } as unknown as Indexed)).rejects.toMatchObject({
        code: 'jobs/payload-invalid',
      });
      await queue.enqueue(job, { index: 1 });
      const newer = defineJob(job.name, z.object({ index: z.number().min(5) }));
      let runs = 0;
      await queue.work(newer, async () => {
        runs += 1;
      });
      await until('it has failed', async () => (await queue.counts(job.name)).failed === 1);
      expect(runs).toBe(0);
      expect((await queue.failed(job.name))[0]?.lastError).toContain('jobs/payload-invalid');
    });

    test('a job that takes longer than its lease stays with its worker', async () => {
      const [queue, other, job] = [await open(), await open(), newJob()];
      let runs = 0;
      let ends = 0;
      const handler = async ({ signal }: { signal: AbortSignal }): Promise<void> => {
        runs += 1;
        await new Promise((resolve) => setTimeout(resolve, 2_000));
        if (!signal.aborted) ends += 1;
      };
      await queue.enqueue(job, { index: 0 });
      await queue.work(job, handler, { leaseMs: 400 });
      await other.work(job, handler, { leaseMs: 400 });
      await until('it is done', async () => ends === 1 && (await isIdle(queue, job.name)));
      expect(runs).toBe(1);
    });

    test('takes up the job of a worker killed with SIGKILL, once its lease has ended', async () => {
      const [queue, job] = [await open(), newJob()];
      await queue.enqueue(job, { index: 5 }, { jobId: 'orphan', attempts: 1 });
      const child = startWorkerChild('hang', job.name);
      await child.says('started orphan attempt 1');
      await child.kill();
      expect(await queue.counts(job.name)).toMatchObject({ active: 1, waiting: 0 });
      expect(await queue.enqueue(job, { index: 5 }, { jobId: 'orphan' })).toMatchObject({ added: false });
      const attempts: number[] = [];
      await queue.work(job, async ({ attempt }) => void attempts.push(attempt), { leaseMs: LEASE_MS });
      await until('it ran', async () => attempts.length > 0 && (await isIdle(queue, job.name)));
      expect(attempts).toEqual([1]);
    });

    test('tells a worker that froze past its lease that the job is no longer its own', async () => {
      const [queue, job] = [await open(), newJob()];
      await queue.enqueue(job, { index: 0 }, { jobId: 'frozen', attempts: 1 });
      const child = startWorkerChild('hang', job.name);
      await child.says('started frozen');
      child.signal('SIGSTOP');
      let finish: () => void = () => undefined;
      let runs = 0;
      const handler = async (): Promise<void> => {
        runs += 1;
        await new Promise<void>((resolve) => {
          finish = resolve;
        });
      };
      await queue.work(job, handler, { leaseMs: LEASE_MS });
      await until('another worker has it', () => runs === 1);
      child.signal('SIGCONT');
      await child.says('aborted frozen');
      // Once the child has taken the next job, it has done to the lost one whatever it does.
      await queue.enqueue(job, { index: 1 }, { jobId: 'next' });
      await child.says('started next');
      expect(await queue.counts(job.name)).toEqual({ waiting: 0, delayed: 0, active: 2, failed: 0 });
      expect(child.lines.filter((line) => line.startsWith('started frozen'))).toHaveLength(1);
      await child.kill();
      finish();
      await until('the lost one is done', async () => (await queue.counts(job.name)).active === 1);
      expect((await queue.counts(job.name)).failed).toBe(0);
      await until('the next one is taken over', () => runs === 2);
      finish();
    });

    test('fails a job that keeps killing its workers', async () => {
      const [queue, job] = [await open(), newJob()];
      await queue.enqueue(job, { index: 0 }, { jobId: 'poison' });
      for (let deaths = 1; deaths <= 4; deaths += 1) {
        const child = startWorkerChild('hang', job.name);
        await child.says('started poison');
        await child.kill();
      }
      let runs = 0;
      await queue.work(
        job,
        async () => {
          runs += 1;
        },
        { leaseMs: LEASE_MS },
      );
      await until('it has failed', async () => (await queue.counts(job.name)).failed === 1);
      expect(runs).toBe(0);
      expect((await queue.failed(job.name))[0]).toMatchObject({ jobId: 'poison' });
    });

    test('an InvariantError in a handler ends the process, and the job stays for another', async () => {
      const [queue, job] = [await open(), newJob()];
      await queue.enqueue(job, { index: 0 }, { jobId: 'blunder', attempts: 1 });
      const { exitCode, complaints } = await startWorkerChild('blunder', job.name).end();
      expect(exitCode).not.toBe(0);
      expect(complaints).toContain('two and two were five');
      expect(await queue.counts(job.name)).toEqual({ waiting: 0, delayed: 0, active: 1, failed: 0 });
    });

    test('an acknowledged job survives the SIGKILL of the process that enqueued it', async () => {
      const [queue, job] = [await open(), newJob()];
      const child = startWorkerChild('enqueue', job.name);
      await child.says('enqueued job 40');
      await child.kill();
      const acknowledged = child.lines.map((line) => line.replace('enqueued ', ''));
      const seen = new Set<string>();
      await queue.work(job, async ({ jobId }) => void seen.add(jobId), { concurrency: 8 });
      await until('all ran', () => isIdle(queue, job.name));
      expect(acknowledged.filter((jobId) => !seen.has(jobId))).toEqual([]);
    });

    test('several processes share the work, each job running once', async () => {
      const [queue, job] = [await open(), newJob()];
      const workers = [startWorkerChild('drain', job.name, 3), startWorkerChild('drain', job.name, 3)];
      await Promise.all(workers.map((worker) => worker.says('ready')));
      const own: string[] = [];
      await queue.work(job, async ({ jobId }) => void own.push(`started ${jobId} attempt 1`), {
        leaseMs: LEASE_MS,
      });
      const expected = await Promise.all(
        Array.from({ length: 300 }, async (_, index) => {
          const { jobId } = await queue.enqueue(job, { index }, { delayMs: index % 3 === 0 ? 50 : 0 });
          return `started ${jobId} attempt 1`;
        }),
      );
      const started = (): string[] =>
        [...own, ...workers.flatMap((worker) => worker.lines)].filter((line) => line !== 'ready');
      await until('all ran', async () => (await isIdle(queue, job.name)) && started().length >= 300);
      expect(started().sort()).toEqual(expected.sort());
    });

    test('runs each job exactly one time more often than it fails, whatever the mixture', async () => {
      const jobs = fc.array(fc.record({ failures: fc.nat(3), attempts: fc.integer({ min: 1, max: 4 }) }), {
        minLength: 1,
        maxLength: 12,
      });
      await fc.assert(
        fc.asyncProperty(jobs, fc.integer({ min: 1, max: 5 }), async (mixture, concurrency) => {
          const [queue, job] = [await fixture.open(), newJob()];
          try {
            const runs = mixture.map(() => 0);
            await queue.work(
              job,
              async ({ payload, attempt }) => {
                runs[payload.index]! += 1;
                if (attempt <= mixture[payload.index]!.failures) throw new Error('as asked');
              },
              { concurrency },
            );
            for (const [index, { attempts }] of mixture.entries()) {
              await queue.enqueue(job, { index }, { attempts, backoffMs: 1 });
            }
            await until('all are settled', () => isIdle(queue, job.name));
            expect(runs).toEqual(mixture.map(({ failures, attempts }) => Math.min(failures + 1, attempts)));
            const failed = mixture.filter(({ failures, attempts }) => failures >= attempts).length;
            expect((await queue.counts(job.name)).failed).toBe(failed);
          } finally {
            await queue.close();
          }
        }),
        { numRuns: 6, verbose: true },
      );
    });

    test('closes twice without harm and then refuses work', async () => {
      const [queue, job] = [await open(), newJob()];
      await queue.work(job, async () => undefined);
      await Promise.all([queue.close(), queue.close()]);
      await expect(queue.enqueue(job, { index: 0 })).rejects.toMatchObject({ code: 'jobs/closed' });
      await expect(queue.work(job, async () => undefined)).rejects.toMatchObject({ code: 'jobs/closed' });
    });
  });
}
