import { afterEach, describe, expect, test } from '@jest/globals';
import { Module } from '@nestjs/common';
import { AppError } from '#errors';
import { createHttpApp, type RunningHttpApp } from '#http';
import { type HealthCheck, HealthModule } from './index.js';

let running: RunningHttpApp | undefined;
afterEach(() => running?.close());

const good: HealthCheck = { name: 'ledger', check: async () => undefined };

async function get(path: string): Promise<{ status: number; body: unknown }> {
  const answer = await fetch(`${running!.url}${path}`);
  return { status: answer.status, body: await answer.json() };
}

describe('/healthz and /readyz', () => {
  test('alive and ready', async () => {
    running = await createHttpApp(HealthModule.of([good]), { port: 0 });
    expect(await get('/healthz')).toMatchObject({ status: 200, body: { status: 'alive' } });
    expect(await get('/readyz')).toMatchObject({
      status: 200,
      body: { status: 'ready', checks: [{ name: 'ledger', isOk: true }] },
    });
  });

  test('not ready while a check fails, with its error and next step; ready again afterwards', async () => {
    let isDown = true;
    const jobs: HealthCheck = {
      name: 'jobs',
      check: async () => {
        if (isDown)
          throw new AppError({ code: 'jobs/redis-lost', message: 'Redis is gone', next: 'start it' });
      },
    };
    running = await createHttpApp(HealthModule.of([good, jobs]), { port: 0 });
    expect(await get('/readyz')).toMatchObject({
      status: 503,
      body: {
        status: 'not-ready',
        checks: [{ isOk: true }, { name: 'jobs', isOk: false, error: 'Redis is gone', next: 'start it' }],
      },
    });
    expect((await get('/healthz')).status).toBe(200);
    isDown = false;
    expect((await get('/readyz')).status).toBe(200);
  });

  test('a check that hangs has failed', async () => {
    running = await createHttpApp(
      HealthModule.of([{ name: 'disk', check: () => new Promise(() => undefined) }]),
      { port: 0 },
    );
    expect(await get('/readyz')).toMatchObject({
      status: 503,
      body: { checks: [{ error: 'no answer within 2000 ms' }] },
    });
  });

  test('checks may use what the app provides', async () => {
    @Module({ providers: [{ provide: 'TIP', useValue: { height: 7 } }], exports: ['TIP'] })
    class TipModule {}
    const checks = (tip: { height: number }): HealthCheck[] => [
      {
        name: 'tip',
        check: async () => {
          if (tip.height === 7) throw new Error('stuck at 7');
        },
      },
    ];
    running = await createHttpApp(
      HealthModule.from({ imports: [TipModule], inject: ['TIP'], useFactory: checks }),
      { port: 0 },
    );
    expect(await get('/readyz')).toMatchObject({ status: 503, body: { checks: [{ error: 'stuck at 7' }] } });
  });
});
