import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { devnet, publicKeyToAccountId } from '#chain';
import { bytesToHex, hexToBytes } from '#crypto';
import { nativeCrypto } from '#crypto-native';
import { createEmbeddedJobQueue } from '#jobs';
import { until } from '../jobs/testing/index.js';
import { ServiceScene } from '../services/testing/index.js';
import { LivenessRecord, ProbeSchedule, probeProvider } from './index.js';

const publicKey = bytesToHex(nativeCrypto.publicKey(new Uint8Array(32).fill(7)));
const provider = publicKeyToAccountId(nativeCrypto, devnet, hexToBytes(publicKey));
const info = {
  providerKey: publicKey,
  address: 'dcairn1provider',
  network: 'devnet',
  protocolVersion: 1,
  capacityBytes: '1',
  usedBytes: '0',
  offerNumber: '1',
  basePerEpoch: '1',
  pricePerGiBEpoch: '1',
  contracts: 0,
  time: '2026-01-01T00:00:00.000Z',
};

const servers: Server[] = [];
const serve = async (listener: RequestListener): Promise<string> => {
  const server = createServer(listener).listen(0, '127.0.0.1');
  servers.push(server);
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
};
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

describe('a probe', () => {
  const options = {
    crypto: nativeCrypto,
    params: devnet,
    timeoutMs: 300,
    signal: new AbortController().signal,
  };
  const probe = (addresses: string[]) =>
    probeProvider({ provider, address: 'dcairn1provider' }, { addresses }, options);

  test('finds the provider and says how fast it answered', async () => {
    const url = await serve((request, response) => {
      response.statusCode = request.url === '/v1/info' ? 200 : 404;
      response.end(JSON.stringify(info));
    });
    const result = await probe([url]);
    expect(result).toMatchObject({ provider, url, error: undefined });
    expect(result.latencyMs).toBeGreaterThan(0);
  });

  test.each<[string, RequestListener, string]>([
    [
      'another provider',
      (_, response) =>
        response.end(
          JSON.stringify({
            ...info,
            providerKey: bytesToHex(nativeCrypto.publicKey(new Uint8Array(32).fill(8))),
          }),
        ),
      'another provider answers',
    ],
    ['something else', (_, response) => response.end('<html>'), 'no provider'],
    ['an error', (_, response) => response.writeHead(500).end(), 'status 500'],
    ['a redirect', (_, response) => response.writeHead(302, { location: '/' }).end(), 'cannot be reached'],
    ['an endless answer', (_, response) => void response.write('x'.repeat(200_000)), 'no provider'],
    ['silence', () => undefined, 'within 300 ms'],
  ])('takes %s for a provider that is down', async (_, listener, why) => {
    expect((await probe([await serve(listener)])).error).toContain(why);
  });

  test('takes nobody, and no address, for down', async () => {
    expect((await probe(['http://127.0.0.1:9'])).error).toContain('cannot be reached');
    expect((await probe(['tcp://127.0.0.1:9'])).error).toContain('no HTTP address');
  });
});

describe('the record of who answers', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'cairn-liveness-'));
  });
  afterAll(async () => {
    await rm(folder, { recursive: true, force: true });
  });
  const result = (error?: string) => ({
    provider,
    address: 'a',
    url: 'u',
    latencyMs: error ? undefined : 2,
    error,
  });
  const minute = (count: number) => new Date(Date.UTC(2026, 0, 1, 0, count));

  test('remembers since when, over a restart', async () => {
    const file = join(folder, 'liveness.json');
    const record = await LivenessRecord.open(file);
    record.note(result(), minute(1));
    record.note(result(), minute(2));
    record.note(result('gone'), minute(3));
    record.note(result('still gone'), minute(4));
    await record.save(new Set([provider]));
    const again = await LivenessRecord.open(file);
    expect(again.get(provider)).toEqual(record.get(provider));
    expect(again.get(provider)).toMatchObject({
      state: 'down',
      since: minute(3).toISOString(),
      checkedAt: minute(4).toISOString(),
      latencyMs: 2,
      answered: 2,
      probes: 4,
      error: 'still gone',
    });
    await again.save(new Set());
    expect((await LivenessRecord.open(file)).all()).toEqual([]);
  });

  test('a damaged file is begun anew', async () => {
    const file = join(folder, 'damaged.json');
    await writeFile(file, '[{"provider":');
    expect((await LivenessRecord.open(file)).all()).toEqual([]);
  });
});

describe('the schedule', () => {
  let scene: ServiceScene;
  beforeAll(async () => {
    scene = await ServiceScene.open();
  }, 60_000);
  afterAll(async () => {
    await scene?.close();
  });

  test('probes every provider again and again, as a job, and keeps what it found', async () => {
    const queue = await createEmbeddedJobQueue({ file: join(scene.test.dataDir, 'jobs.sqlite'), pollMs: 20 });
    const schedule = new ProbeSchedule({
      ledger: scene.ledger,
      queue,
      record: scene.record,
      crypto: nativeCrypto,
      params: scene.test.law.params,
      intervalMs: 50,
      timeoutMs: 500,
    });
    await schedule.start();
    await until(
      'every provider is probed twice',
      () => scene.record.all().length === 3 && scene.record.all().every(({ probes }) => probes >= 2),
    );
    await schedule.stop();
    await queue.close();
    expect(scene.record.all().map(({ state }) => state)).toEqual(['down', 'down', 'down']);
    const { usable, refusals } = await scene.ports.placement.choose({ bytesPerHolder: '1', epochs: 5 });
    expect(usable).toEqual([]);
    expect(refusals[0]?.why).toContain('down since');
  });
});
