import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { type Child, spawnChild } from '#lifecycle';
import { askAsHost } from './support/ask-as-host.js';
import { processesMentioning } from './support/process-table.js';
import { waitUntil } from './support/wait.js';

const READY_MS = 120_000;
const LONG_MS = 240_000;

describe('the site: all of one operator in one process', () => {
  let folder: string;
  const children: Child[] = [];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'cairn-site-'));
  });
  afterEach(async () => {
    await Promise.all(children.splice(0).map((child) => child.kill()));
  });
  afterAll(async () => {
    await rm(folder, { recursive: true, force: true });
  });

  const start = (dataDir: string, env: Readonly<Record<string, string>> = {}): Child => {
    const child = spawnChild({
      name: 'site',
      file: resolve('dist', 'apps', 'site', 'main.js'),
      cwd: tmpdir(),
      env: {
        CAIRN_NETWORK: 'devnet',
        CAIRN_CHECK_INVARIANTS: 'on',
        CAIRN_DATA_DIR: join(folder, dataDir),
        CAIRN_NODE_PORT: '0',
        CAIRN_P2P_PORT: '0',
        CAIRN_GATEWAY_PORT: '0',
        CAIRN_ADMIN_PORT: '0',
        CAIRN_REPAIRER_PORT: '0',
        CAIRN_PASSPHRASE: '',
        CAIRN_LOG_LEVEL: 'warn',
        REDIS_URL: '',
        ...env,
      },
    });
    children.push(child);
    return child;
  };
  const getJson = async (url: string): Promise<Record<string, unknown>> =>
    (await (await fetch(url)).json()) as Record<string, unknown>;
  const heightAt = async (admin: string): Promise<number> =>
    ((await getJson(`${admin}/api/v1/status`)) as { tip: { height: number } }).tip.height;

  test(
    'answers on three ports, mines, stops cleanly and goes on where it was',
    async () => {
      const first = start('whole');
      const { node, gateway, admin } = await first.ready(READY_MS);
      await waitUntil('blocks', 60_000, async () => (await heightAt(admin!)) >= 3);
      expect(await getJson(`${gateway}/renewals`)).toMatchObject({
        limit: null,
        contracts: [],
        warnings: [],
      });
      for (const url of [node, gateway, admin]) {
        expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
        expect((await fetch(`${url}/healthz`)).status).toBe(200);
        expect(await getJson(`${url}/readyz`)).toMatchObject({ status: 'ready' });
        expect(await (await fetch(`${url}/metrics`)).text()).toContain('process_cpu_seconds_total');
        for (const path of ['/healthz', '/status', '/api/v1/status', '/api/docs', '/'])
          expect(await askAsHost(`${url}${path}`, 'evil.example')).toEqual({
            status: 421,
            code: 'http/host-not-allowed',
          });
      }
      expect(await (await fetch(`${node}/metrics`)).text()).toMatch(
        /cairn_miner_blocks_count\{app="chain-node"\} [1-9]/,
      );
      const { address } = (await getJson(`${gateway}/status`)) as { address: string };
      const [block] = ((await getJson(`${admin}/api/v1/blocks?limit=1`)) as { items: { miner: string }[] })
        .items;
      expect(block?.miner).toBe(address);
      const height = await heightAt(admin!);
      expect(await first.stop()).toEqual({ code: 0, signal: null });

      const second = start('whole');
      const again = await second.ready(READY_MS);
      expect(await heightAt(again['admin']!)).toBeGreaterThanOrEqual(height);
      expect(await getJson(`${again['gateway']}/status`)).toMatchObject({ address });
      expect(await getJson(`${again['admin']}/api/v1/supply/audit`)).toMatchObject({ balanced: true });
      expect(await second.stop()).toEqual({ code: 0, signal: null });
      expect(processesMentioning(folder)).toEqual([]);
    },
    LONG_MS,
  );

  test(
    'a second one on the same folder ends with who has it',
    async () => {
      const first = start('shared');
      await first.ready(READY_MS);
      const second = start('shared');
      expect((await second.exited).code).toBe(1);
      expect(second.lastLines().join('\n')).toContain(`in use by process ${first.pid} (site)`);
      expect(first.isRunning()).toBe(true);
    },
    LONG_MS,
  );

  test(
    'a port that is taken is named with its setting, and the folder is free again',
    async () => {
      const taker = createServer().listen(0, '127.0.0.1');
      await new Promise((listening) => taker.once('listening', listening));
      const { port } = taker.address() as { port: number };
      try {
        const child = start('taken', { CAIRN_ADMIN_PORT: String(port) });
        expect((await child.exited).code).toBe(1);
        const said = child.lastLines().join('\n');
        expect(said).toContain(`port ${port} on 127.0.0.1 is already taken`);
        expect(said).toContain('CAIRN_ADMIN_PORT');
      } finally {
        await new Promise((closed) => taker.close(closed));
      }
      const child = start('taken');
      await child.ready(READY_MS);
      expect(await child.stop()).toEqual({ code: 0, signal: null });
    },
    LONG_MS,
  );

  test(
    'a mistyped setting is named before anything is written',
    async () => {
      const child = start('mistyped', { CAIRN_MINER_SHARE: '5%' });
      expect((await child.exited).code).not.toBe(0);
      expect(child.lastLines().join('\n')).toContain('CAIRN_MINER_SHARE');
      expect(await readdir(folder)).not.toContain('mistyped');
    },
    LONG_MS,
  );
});
