import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createHttpApp, type RunningHttpApp } from '#http';
import { LedgerModule } from '#ledger';
import { NODE_BODY_LIMIT_BYTES, NODE_STATUS_TABLE, NodeApiModule } from '#node-server';
import { ServiceScene } from '../../libs/services/testing/index.js';
import { type CliResult, cliJson, runCli } from '../e2e/support/cli.js';

let scene: ServiceScene;
let node: RunningHttpApp;
let liar: Server;
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cairn-market-cli-'));
  scene = await ServiceScene.open();
  const contract = await scene.ledger.contract({ id: scene.contract.id });
  await scene.test.mineTo((contract?.window?.closesAt ?? 0) + 1);
  node = await createHttpApp(NodeApiModule.of([LedgerModule.remote(scene.ledger)]), {
    port: 0,
    statusTable: NODE_STATUS_TABLE,
    bodyLimitBytes: NODE_BODY_LIMIT_BYTES,
  });
  liar = await startLiar(node.url);
}, 120_000);
afterAll(async () => {
  liar?.closeAllConnections();
  await new Promise((done) => (liar === undefined ? done(undefined) : liar.close(done)));
  await node?.close();
  await scene?.close();
  await rm(folder, { recursive: true, force: true });
});

/** Stands before the node and tells another root of the challenge's snapshot. */
async function startLiar(target: string): Promise<Server> {
  const server = createServer((incoming, outgoing) => {
    const { method, headers, url } = incoming;
    const forwarded = request(`${target}${url}`, { method, headers }, (answer) => {
      const parts: Buffer[] = [];
      answer.on('data', (part: Buffer) => parts.push(part));
      answer.on('end', () => {
        const said = Buffer.concat(parts).toString();
        const changed = /\/epochs\//.test(url ?? '') ? said.replace(/"root":"(..)/, '"root":"ff') : said;
        outgoing.writeHead(answer.statusCode ?? 502, { 'content-type': 'application/json' });
        outgoing.end(changed);
      });
    });
    forwarded.on('error', () => outgoing.destroy());
    incoming.pipe(forwarded);
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return server;
}

const cairn = (...args: string[]): Promise<CliResult> => runCli(args, { dataDir: folder, nodeUrl: node.url });
const json = <T>(...args: string[]): Promise<T> => cliJson<T>(args, { dataDir: folder, nodeUrl: node.url });

describe('the market on the command line', () => {
  test('shows offers and a quote that names the burn as lost', async () => {
    const marked = await json<{ offers: { why: string | null; record: { proven: number } }[] }>(
      'market',
      'offers',
      '--all',
      '--min-proven',
      '1',
    );
    expect(marked.offers.filter(({ why }) => why === null)).toHaveLength(1);
    expect(marked.offers).toHaveLength(3);
    const { code, stdout } = await cairn('market', 'quote', '3MiB', '--profile', '1/2/3', '--epochs', '4');
    expect(code).toBe(0);
    expect(stdout).toMatch(/burn {7}0\.\d+ coins, NOT refundable; 0\.\d+ coins at most/);
    expect(stdout).toMatch(/a month .* per GiB of yours .*30 days, 20 s an epoch/);
    const wrong = await cairn('market', 'offers', '--sort', 'colour');
    expect([wrong.code, wrong.stderr]).toEqual([2, expect.stringContaining('cli/bad-choice')]);
  }, 120_000);

  test('shows the bill that the market service makes', async () => {
    const { id } = scene.contract;
    const { total } = await json<{ total: Record<string, string> }>('bill', id);
    const bill = await scene.ports.market.bill({ id });
    const { asOfHeight: _asOfHeight, ...amounts } = bill ?? { asOfHeight: 0 };
    expect(total).toEqual(amounts);
  }, 60_000);
});

describe('payouts on the command line', () => {
  test('are the statements of the payouts service, as JSON and as CSV', async () => {
    const { id } = scene.contract;
    const statement = await json<{ items: { amount: string }[] }>('payouts', 'statement', '--contract', id);
    expect(statement.items).toEqual((await scene.ports.payouts.statement({ contract: id })).items);
    const { stdout } = await cairn('payouts', '--csv', '--contract', id);
    const rows = stdout.split('\r\n');
    expect(rows).toHaveLength(statement.items.length + 2);
    expect(rows.at(-1)).toBe('');
    expect(rows.slice(1, -1).map((row) => row.split(',')[7])).toEqual(
      statement.items.map(({ amount }) => amount),
    );
    expect((await cairn('payouts', '--csv')).code).toBe(2);
  }, 120_000);

  test('say what comes, what may be lost and who was penalised', async () => {
    const provider = scene.contract.terms.provider.account;
    const { payouts } = scene.ports;
    expect(await json('payouts', 'forecast', '--provider', provider)).toEqual(
      await payouts.forecast({ provider }),
    );
    expect(await json('payouts', 'risk', '--provider', provider)).toEqual(await payouts.risk({ provider }));
    const { stdout } = await cairn('payouts', 'penalties');
    expect(stdout).toContain('no proof of epoch 1 by the end of its window: strike 1 of 3');
    expect((await cairn('payouts', 'risk')).stderr).toContain('provider/not-initialised');
  }, 120_000);
});

describe('the proof of an epoch on the command line', () => {
  test('is checked again from the raw blocks', async () => {
    const { code, stdout } = await cairn('proof', scene.contract.id, '0', '--verify');
    expect(code).toBe(0);
    expect(stdout).toContain('right: every draw is shown');
    expect(stdout).toContain('out of the block that formed the contract');
    const missed = await cairn('proof', scene.contract.id, '1', '--verify');
    expect([missed.code, missed.stderr]).toEqual([1, expect.stringContaining('proof/unverifiable')]);
    const early = await cairn('proof', scene.contract.id, '2');
    expect([early.code, early.stderr]).toEqual([75, expect.stringContaining('proof/not-yet')]);
  }, 120_000);

  test('of a node that lies about the snapshot is not believed', async () => {
    const { port } = liar.address() as AddressInfo;
    const asked = ['proof', scene.contract.id, '0', '--verify'];
    const { code, stderr } = await runCli(asked, { dataDir: folder, nodeUrl: `http://127.0.0.1:${port}` });
    expect([code, stderr]).toEqual([65, expect.stringContaining('proof/forged')]);
  }, 60_000);
});
