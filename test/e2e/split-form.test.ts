import { randomFillSync } from 'node:crypto';
import { existsSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type RunningRedis, startRedis } from '../../libs/jobs/testing/index.js';
import { requireCounterpart } from '../counterparts.js';
import { processesMentioning } from './support/process-table.js';
import { SPLIT_APPS, SplitSite } from './support/split-site.js';
import { waitUntil } from './support/wait.js';

// Every app of one operator as a process of its own, over a real Redis. What stands here is what makes each of them an
// app: stop it, and something that somebody needs does not work; start it, and it does again.

const LONG_MS = 300_000;
/** The catalogue is kept with the network's own profile, 3/4/8, which needs six at least. */
const PROVIDERS = 6;
const FILE_PATH = '/files/folder/a%20f%C3%AFle.bin?profile=1/2/3&epochs=20';

requireCounterpart('redis-server').describe('the split form', () => {
  let redis: RunningRedis;
  let site: SplitSite;
  const file = randomFillSync(new Uint8Array(2_500_001));

  beforeAll(async () => {
    redis = await startRedis();
    site = await SplitSite.create(redis.url);
    await site.start('chain-node');
    await Promise.all(SPLIT_APPS.slice(1).map((app) => site.start(app)));
    await site.startProviders(PROVIDERS);
    await site.fund(await gatewayAddress());
  }, LONG_MS);

  afterAll(async () => {
    await site?.dispose();
    await redis?.stop();
  });

  const gatewayAddress = async (): Promise<string> => {
    const { body } = await site.get('gateway', '/status');
    return (body as { address: string }).address;
  };
  const admin = (path: string) => site.get('admin-api', `/api/v1/${path}`);
  const readFile = async (): Promise<Uint8Array> => {
    const response = await fetch(site.url('gateway') + FILE_PATH);
    return new Uint8Array(await response.arrayBuffer());
  };
  const until200 = (path: string) =>
    waitUntil(`${path} to answer again`, 60_000, async () => (await admin(path)).status === 200);

  test(
    'stores a file for coins, gives it back, and shows who kept it and who was paid',
    async () => {
      const stored = await fetch(site.url('gateway') + FILE_PATH, {
        method: 'PUT',
        body: file,
        headers: { 'content-type': 'application/json' },
      });
      const answer = (await stored.json()) as { contracts: string[] };
      expect({ status: stored.status, answer }).toMatchObject({ status: 201 });
      const { contracts } = answer;
      expect(contracts).toHaveLength(3);
      expect(Buffer.compare(await readFile(), file)).toBe(0);

      const part = await fetch(site.url('gateway') + FILE_PATH, {
        headers: { range: 'bytes=1000000-1000099' },
      });
      expect(part.status).toBe(206);
      expect(
        Buffer.compare(new Uint8Array(await part.arrayBuffer()), file.subarray(1_000_000, 1_000_100)),
      ).toBe(0);

      await waitUntil('every provider to be probed', 60_000, async () => {
        const { body } = await admin('overview');
        return (body as { providersUp: number }).providersUp === PROVIDERS;
      });
      await waitUntil('a payout', 120_000, async () => {
        const { body } = await admin(`payouts/statement?contract=${contracts[0]}`);
        return BigInt((body as { totals: { earned: string } }).totals.earned) > 0n;
      });
      const { body: history } = await admin(`contracts/${contracts[0]}`);
      const names = (history as { timeline: { name: string }[] }).timeline.map(({ name }) => name);
      expect(names.slice(0, 3)).toEqual(['contract/formed', 'contract/challenged', 'contract/proved']);
      expect((await admin('supply/audit')).body).toMatchObject({ balanced: true, differences: [] });
    },
    LONG_MS,
  );

  describe('an app that is stopped is missed by name, and only by those who need it', () => {
    test.each([
      ['market', 'contracts', 'SIGTERM'],
      ['placement', 'placements', 'SIGKILL'],
      ['registry', 'endpoints', 'SIGTERM'],
      ['payouts', 'payouts', 'SIGKILL'],
    ] as const)(
      '%s',
      async (app, path, signal) => {
        expect((await admin(path)).status).toBe(200);
        if (signal === 'SIGKILL') await site.kill(app);
        else expect(await site.stop(app)).toEqual({ code: 0, signal: null });
        const { status, body } = await admin(path);
        expect(status).toBe(503);
        expect(body).toMatchObject({ code: 'services/unavailable', data: { service: app } });
        expect((body as { detail: string }).detail).toContain(`the ${app} service is not running`);
        expect((await admin('status')).status).toBe(200);
        const ready = await site.get('admin-api', '/readyz');
        expect(ready.status).toBe(503);
        const checks = (ready.body as { checks: { name: string; isOk: boolean }[] }).checks;
        expect(checks.filter(({ isOk }) => !isOk).map(({ name }) => name)).toEqual([app]);
        await site.start(app);
        await until200(path);
      },
      LONG_MS,
    );

    test(
      'market is missed by the gateway too: no price without it, but stored files come back',
      async () => {
        await site.stop('market');
        const quote = await site.get('gateway', '/quote?sizeBytes=1000&profile=1/2/3');
        expect(quote).toMatchObject({ status: 503, body: { data: { service: 'market' } } });
        expect(Buffer.compare(await readFile(), file)).toBe(0);
        await site.start('market');
        await waitUntil('a price', 60_000, async () => {
          return (await site.get('gateway', '/quote?sizeBytes=1000&profile=1/2/3')).status === 200;
        });
      },
      LONG_MS,
    );

    test(
      'chain-node',
      async () => {
        await site.kill('chain-node');
        const { status, body } = await admin('status');
        expect({ status, body }).toMatchObject({ status: 503, body: { code: 'node/unreachable' } });
        expect((body as { detail: string }).detail).toContain('no chain node answers');
        await site.start('chain-node');
        await until200('overview');
        const { body: audit } = await admin('supply/audit');
        expect(audit).toMatchObject({ balanced: true });
      },
      LONG_MS,
    );

    test(
      'miner: without it no block is made',
      async () => {
        const height = async (): Promise<number> =>
          ((await admin('status')).body as { tip: { height: number } }).tip.height;
        await site.stop('miner');
        const still = await height();
        await expect(
          waitUntil('a block that nobody makes', 4_000, async () => (await height()) > still),
        ).rejects.toThrow('in vain');
        await site.start('miner');
        await waitUntil('a block', 60_000, async () => (await height()) > still);
      },
      LONG_MS,
    );

    test(
      'gateway and admin-api: nothing answers at their address, and what they kept is there afterwards',
      async () => {
        await site.kill('gateway');
        await site.stop('admin-api');
        expect((await site.get('gateway', '/files')).status).toBe(0);
        expect((await admin('status')).status).toBe(0);
        await Promise.all([site.start('gateway'), site.start('admin-api')]);
        expect(Buffer.compare(await readFile(), file)).toBe(0);
        await until200('contracts');
      },
      LONG_MS,
    );
  });

  test(
    'Redis lost in the middle is named, ends no process, and is found again when it is back',
    async () => {
      await redis.kill();
      await waitUntil('the loss to be noticed', 30_000, async () => {
        const { status, body } = await admin('contracts');
        return status === 503 && (body as { code: string }).code === 'services/redis-lost';
      });
      expect((await admin('status')).status).toBe(200);
      expect(Buffer.compare(await readFile(), file)).toBe(0);
      await redis.restart();
      for (const path of ['contracts', 'placements', 'providers', 'payouts']) await until200(path);
      const lostAt = Date.now();
      await waitUntil('jobs to go on: providers are probed again', 90_000, async () => {
        const { body } = await admin('providers');
        const { items } = body as { items: { liveness: { checkedAt: string } | null }[] };
        return (
          items.length === PROVIDERS &&
          items.every(({ liveness }) => Date.parse(liveness?.checkedAt ?? '') > lostAt)
        );
      });
      for (const app of SPLIT_APPS)
        expect({ app, running: site.isRunning(app) }).toEqual({ app, running: true });
    },
    LONG_MS,
  );

  test(
    'no app that needs Redis starts without it; each says which one, and not its password',
    async () => {
      const apps = ['market', 'placement', 'registry', 'payouts', 'gateway', 'admin-api'] as const;
      const settings = { REDIS_URL: 'redis://user:secret@127.0.0.1:9' };
      const unreachable = await Promise.all(apps.map((app) => site.startInVain(app, settings)));
      for (const { code, said } of unreachable) {
        expect({ code, said }).toMatchObject({ code: 1, said: expect.stringContaining('cannot be reached') });
        expect(said).toContain('Redis at redis://127.0.0.1:9');
        expect(said).not.toContain('secret');
      }
      const unset = await site.startInVain('market', { REDIS_URL: '' });
      expect(unset).toMatchObject({ code: 1, said: expect.stringContaining('REDIS_URL is not set') });
    },
    LONG_MS,
  );

  test(
    'a clean stop ends every process with 0 and leaves nothing behind',
    async () => {
      const exits = await site.stopAll();
      for (const app of SPLIT_APPS) expect({ app, ...exits[app] }).toEqual({ app, code: 0, signal: null });
      expect(processesMentioning(site.folder)).toEqual([]);
      await site.dispose();
      expect(existsSync(site.folder)).toBe(false);
    },
    LONG_MS,
  );
});
