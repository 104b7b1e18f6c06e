import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { accountIdToAddress, devnet } from '#chain';
import { nativeCrypto } from '#crypto-native';
import { createNodeClient } from '#node-api';
import { createWallet, faucetWallet } from '../../chain/testing/wallet.js';
import { type CliResult, startCli } from './support/cli.js';
import { ProcessGroup, until } from './support/node-processes.js';

const faucet = accountIdToAddress(devnet, faucetWallet(nativeCrypto, devnet).account);
const nobody = accountIdToAddress(devnet, createWallet(nativeCrypto, devnet, 'nobody').account);

let folder: string;
let nodeUrl: string;
let liar: { readonly url: string; readonly server: Server };
const processes = new ProcessGroup();

/** Stands in front of a node and makes everybody richer by one digit of the value. */
async function startLiar(target: string): Promise<typeof liar> {
  const server = createServer((incoming, outgoing) => {
    const { method, headers, url } = incoming;
    const forwarded = request(`${target}${url}`, { method, headers }, (answer) => {
      const parts: Buffer[] = [];
      answer.on('data', (part: Buffer) => parts.push(part));
      answer.on('end', () => {
        const said = Buffer.concat(parts).toString();
        const changed = said.replace(/"valueHex":"(..)/, '"valueHex":"ff');
        outgoing.writeHead(answer.statusCode ?? 502, {
          ...answer.headers,
          'content-length': Buffer.byteLength(changed),
        });
        outgoing.end(changed);
      });
    });
    forwarded.on('error', () => outgoing.destroy());
    incoming.pipe(forwarded);
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, server };
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cairn-verify-e2e-'));
  const node = await processes.start('chain-node', ['--data-dir', join(folder, 'node'), '--node-port', '0']);
  nodeUrl = node.addresses['node'] as string;
  await processes.start('miner', [
    '--node-url',
    nodeUrl,
    '--miner-address',
    nobody,
    '--data-dir',
    join(folder, 'miner'),
  ]);
  liar = await startLiar(nodeUrl);
  const client = createNodeClient({ baseUrl: nodeUrl });
  await until('three blocks', async () => (await client.status()).tip.height >= 3, 60_000);
  await client.close();
}, 120_000);
afterAll(async () => {
  await processes.killAll();
  liar?.server.closeAllConnections();
  await new Promise((done) => liar?.server.close(done));
  await rm(folder, { recursive: true, force: true });
});

const cairn = (...args: string[]): Promise<CliResult> =>
  startCli(args, { dataDir: join(folder, 'client'), nodeUrl }).result;

describe('cairn verify against real processes', () => {
  test('shows what is proven and what that rests on', async () => {
    const shown = await cairn('verify', 'account', faucet, '--confirmations', '2');
    expect(shown).toMatchObject({ code: 0, stderr: '' });
    expect(shown.stdout).toContain('10000000 coins');
    expect(shown.stdout).toMatch(/confirmations +[23]/);
    const absent = await cairn('verify', 'endpoint', nobody, '--json');
    expect(JSON.parse(absent.stdout)).toMatchObject({
      verified: true,
      isPresent: false,
      value: null,
      namespace: 'endpoint',
    });
  });

  test('does not believe a node that lies, and names the code and the next step', async () => {
    const lied = await cairn('verify', 'account', faucet, '--node', liar.url);
    expect(lied).toMatchObject({ code: 65, stdout: '' });
    expect(lied.stderr).toContain('light/bad-proof');
    expect(lied.stderr).toContain('ask another one');
    const both = await cairn('verify', 'account', faucet, '--node', liar.url, '--node', nodeUrl, '--json');
    expect(both.code).toBe(0);
    const result = JSON.parse(both.stdout) as Record<string, unknown>;
    expect(result).toMatchObject({ url: nodeUrl, value: (10_000_000n * 1_000_000_000n).toString() });
    expect(result['nodes']).toMatchObject([
      { url: liar.url, problem: { code: 'light/bad-proof' } },
      { url: nodeUrl },
    ]);
    expect(both.stderr).toContain(`not relied on ${liar.url}`);
  });

  test('says what is wrong with the question', async () => {
    expect(await cairn('verify', 'account', 'nonsense')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('cli/bad-address'),
    });
    expect(await cairn('verify', 'contract', 'abc')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('light/bad-request'),
    });
    expect((await cairn('verify', 'account', faucet, '--confirmations', '99')).stderr).toContain('1 to 16');
    const silent = await cairn('verify', 'account', faucet, '--node', 'http://127.0.0.1:9');
    expect(silent).toMatchObject({ code: 69, stderr: expect.stringContaining('node/unreachable') });
  });
});
