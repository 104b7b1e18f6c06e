import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { accountIdToAddress, devnet } from '#chain';
import { nativeCrypto } from '#crypto-native';
import { createNodeClient, type NodeClient } from '#node-api';
import { createWallet } from '../../chain/testing/wallet.js';
import { CpuMiner, GbtMiner, HardwareMiner } from '../../libs/stratum/testing/index.js';
import { ProcessGroup, type StartedProcess, until } from './support/node-processes.js';

const alice = createWallet(nativeCrypto, devnet, 'pool e2e alice');
const bob = createWallet(nativeCrypto, devnet, 'pool e2e bob');
const carol = createWallet(nativeCrypto, devnet, 'pool e2e carol');
const addressOf = (wallet: typeof alice): string => accountIdToAddress(devnet, wallet.account);

interface PoolStatus {
  readonly address: string;
  readonly totals: {
    readonly [part in 'earned' | 'fees' | 'dust' | 'credited' | 'paid' | 'networkFees' | 'owed']: string;
  } & { readonly shares: number; readonly blocks: Readonly<Record<string, number>> };
}

let folder: string;
let processes: ProcessGroup;
const clients: NodeClient[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cairn-pool-e2e-'));
});
afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});
afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.close()));
  await processes?.killAll();
});

const newFolder = (): Promise<string> => mkdtemp(join(folder, 'data-'));

async function startNode(): Promise<{ node: StartedProcess; client: NodeClient; url: string }> {
  const node = await processes.start('chain-node', ['--data-dir', await newFolder(), '--node-port', '0'], {
    CAIRN_P2P_PORT: '0',
  });
  const url = node.addresses['node']!;
  const client = createNodeClient({ baseUrl: url });
  clients.push(client);
  return { node, client, url };
}

const startPool = (nodeUrl: string, dataDir: string, ...flags: string[]): Promise<StartedProcess> =>
  processes.start('pool', [
    '--data-dir',
    dataDir,
    '--node-url',
    nodeUrl,
    '--share-difficulty',
    '4e-6',
    ...flags,
  ]);
const stratumPort = (pool: StartedProcess): number =>
  Number(new URL(pool.addresses['stratum']!.replace('stratum+tcp', 'http')).port);
const statusOf = async (pool: StartedProcess): Promise<PoolStatus> =>
  (await (await fetch(`${pool.addresses['ops']}/pool/status`)).json()) as PoolStatus;

/** Coins that came to an account by transfers, from the chain itself. */
async function received(client: NodeClient, address: string, from: string): Promise<bigint> {
  let sum = 0n;
  let cursor: string | undefined;
  const { account } = await client.account({ account: from });
  do {
    const page = await client.accountPostings({ account: address, cursor, limit: 100 });
    for (const { reason, from: pot, amount } of page.items) {
      if (reason === 'transfer' && pot === `account:${account}`) sum += BigInt(amount);
    }
    cursor = page.nextCursor ?? undefined;
  } while (cursor !== undefined);
  return sum;
}

describe('a chain node and a pool, each a process, and miners that compute on their own', () => {
  test('share blocks by shares; a kill -9 of the pool loses no acknowledged share and pays nothing twice', async () => {
    processes = new ProcessGroup();
    const { client, url } = await startNode();
    const dataDir = await newFolder();
    const flags = ['--pool-scheme', 'pplns', '--pool-min-payout', '1000', '--shares-per-minute', '600'];
    let pool = await startPool(url, dataDir, '--stratum-port', '0', ...flags);
    const port = stratumPort(pool);
    let acknowledged = 0;
    const count = (_: unknown, reply: { result: unknown }): void => {
      if (reply.result === true) acknowledged += 1;
    };
    const begin = async () => {
      const cpu = new CpuMiner(port, `${addressOf(alice)}.attic`);
      const chip = new HardwareMiner(port, `${addressOf(bob)}.cellar`);
      await cpu.login();
      await chip.login();
      cpu.start(count);
      chip.start(count);
      return { cpu, chip };
    };
    let miners = await begin();
    const height = async (): Promise<number> => (await client.status()).tip.height;
    await until('both miners made the chain grow', async () => (await height()) >= 4, 60_000);
    expect(miners.cpu.rejected.filter(([code]) => code !== 21)).toEqual([]);
    expect(miners.chip.rejected.filter(([code]) => code !== 21)).toEqual([]);
    expect(miners.cpu.accepted).toBeGreaterThan(0);
    expect(miners.chip.rolled.size).toBeGreaterThan(1);

    // A few kills: while shares come in, and while payments are on their way.
    for (const waitFor of ['shares', 'a credit', 'a payment'] as const) {
      if (waitFor === 'a credit') {
        await until(
          'a block was credited',
          async () => BigInt((await statusOf(pool)).totals.credited) > 0n,
          60_000,
        );
      } else if (waitFor === 'a payment') {
        await until(
          'a payment was decided',
          async () => BigInt((await statusOf(pool)).totals.paid) > 0n,
          60_000,
        );
      }
      await pool.child.kill();
      await Promise.all([miners.cpu.stop(), miners.chip.stop()]);
      pool = await startPool(url, dataDir, '--stratum-port', String(port), ...flags);
      // Two shares per kill may have been kept without the miner hearing of it.
      expect((await statusOf(pool)).totals.shares).toBeGreaterThanOrEqual(acknowledged);
      miners = await begin();
    }
    const heightAfterKills = await height();
    await until('more blocks were paid', async () => (await height()) >= heightAfterKills + 8, 60_000);
    await Promise.all([miners.cpu.stop(), miners.chip.stop()]);
    await pool.child.stop();

    // Somebody else mines on until everything matured; the pool pays what is left.
    pool = await startPool(url, dataDir, '--stratum-port', String(port), '--mining-rpc-port', '0', ...flags);
    const gbt = new GbtMiner(pool.addresses['miningRpc']!, `${addressOf(carol)}.gbt`);
    // A pool serves before the node has given it the first template.
    const request = [{ capabilities: ['coinbasetxn', 'workid'] }];
    const hasWork = async (): Promise<boolean> =>
      (await gbt.call('getblocktemplate', request)).error === null;
    await until('the pool has work', hasWork, 30_000);
    await until(
      'everything is paid',
      async () => {
        const [hex, extra] = gbt.solve(await gbt.template());
        expect(['stale-prevblk', null]).toContain((await gbt.call('submitblock', [hex, extra])).result);
        const { totals } = await statusOf(pool);
        const onChain =
          (await received(client, addressOf(alice), (await statusOf(pool)).address)) +
          (await received(client, addressOf(bob), (await statusOf(pool)).address));
        return (
          totals.blocks['found'] === 0 && onChain === BigInt(totals.paid) && BigInt(totals.owed) < 1_000n
        );
      },
      90_000,
    );
    const { totals, address } = await statusOf(pool);
    const amount = (part: Exclude<keyof typeof totals, 'shares' | 'blocks'>): bigint => BigInt(totals[part]);
    expect(amount('earned')).toBe(amount('fees') + amount('dust') + amount('credited'));
    expect(amount('credited')).toBe(amount('paid') + amount('networkFees') + amount('owed'));
    expect(amount('fees')).toBeGreaterThan(0n);
    const toAlice = await received(client, addressOf(alice), address);
    const toBob = await received(client, addressOf(bob), address);
    expect(toAlice > 0n && toBob > 0n).toBe(true);
    expect(toAlice + toBob).toBe(amount('paid'));
    expect(totals.shares).toBeGreaterThanOrEqual(acknowledged);
    expect(totals.shares).toBeLessThanOrEqual(acknowledged + 2 * 4);
    const inAccount = await client.account({ account: addressOf(carol) });
    expect(BigInt(inAccount.balance) + BigInt(inAccount.immature)).toBeGreaterThan(0n);
    expect((await client.audit()).balanced).toBe(true);
    expect((await pool.child.stop()).code).toBe(0);
  }, 300_000);

  test('in solo mode every block pays the miner who found it', async () => {
    processes = new ProcessGroup();
    const { client, url } = await startNode();
    const pool = await startPool(url, await newFolder(), '--stratum-port', '0', '--shares-per-minute', '600');
    const cpu = new CpuMiner(stratumPort(pool), addressOf(alice));
    await cpu.login();
    cpu.start();
    await until('a block was found', async () => (await client.status()).tip.height >= 2, 60_000);
    await cpu.stop();
    const { immature, balance } = await client.account({ account: addressOf(alice) });
    expect(BigInt(immature) + BigInt(balance)).toBeGreaterThanOrEqual(2n * devnet.reward.initialSubsidy);
    const reader = new CpuMiner(stratumPort(pool), 'nobody.worker');
    await expect(reader.login()).rejects.toThrow('24');
    await reader.stop();
  }, 90_000);
});

test('the site serves hardware where its ports are set, and pays from its own wallet', async () => {
  processes = new ProcessGroup();
  const flags = ['--stratum-port', '0', '--mining-rpc-port', '0', '--pool-scheme', 'proportional'];
  const ports = ['--node-port', '0', '--gateway-port', '0', '--admin-port', '0'];
  const tuning = ['--share-difficulty', '4e-6', '--shares-per-minute', '600', '--pool-min-payout', '1000'];
  const site = await processes.start(
    'site',
    ['--data-dir', await newFolder(), ...ports, ...flags, ...tuning],
    {
      CAIRN_P2P_PORT: '0',
    },
  );
  const client = createNodeClient({ baseUrl: site.addresses['node']! });
  clients.push(client);
  const gbt = new GbtMiner(site.addresses['miningRpc']!, addressOf(carol));
  expect((await gbt.template()).height).toBeGreaterThan(0);
  const chip = new HardwareMiner(stratumPort(site), `${addressOf(bob)}.chip`);
  await chip.login();
  chip.start();
  const status = async (): Promise<PoolStatus> =>
    (await (await fetch(`${site.addresses['node']}/pool/status`)).json()) as PoolStatus;
  await until('a share was paid for', async () => BigInt((await status()).totals.paid) > 0n, 90_000);
  await chip.stop();
  const metrics = await (await fetch(`${site.addresses['node']}/metrics`)).text();
  expect(metrics).toMatch(/cairn_stratum_shares_count\{verdict="accepted".*\} [1-9]/);
  const { address } = await status();
  await until('it arrived', async () => (await received(client, addressOf(bob), address)) > 0n, 30_000);
  expect((await site.child.stop()).code).toBe(0);
}, 180_000);
