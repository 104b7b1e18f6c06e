import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import {
  accountIdToAddress,
  type Coinbase,
  decodeCoinbase,
  decodeHeader,
  devnet,
  encodeBlock,
  encodeCoinbase,
  encodeHeader,
} from '#chain';
import { createNetworkLaw } from '#contracts';
import { bytesToHex, hexToBytes } from '#crypto';
import { nativeCrypto } from '#crypto-native';
import { openRedisLedger } from '#ledger-transport';
import { createNodeClient, type NodeClient } from '#node-api';
import { createWallet, faucetWallet } from '../../chain/testing/wallet.js';
import { startRedis } from '../../libs/jobs/testing/index.js';
import { signFor } from '../../libs/ledger/testing/index.js';
import { ProcessGroup, type StartedProcess, until } from './support/node-processes.js';

const law = createNetworkLaw(devnet, nativeCrypto);
const miner = createWallet(nativeCrypto, devnet, 'e2e miner');
const minerAddress = accountIdToAddress(devnet, miner.account);

let folder: string;
let processes: ProcessGroup;
const clients: NodeClient[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cairn-node-e2e-'));
});
afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});
afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.close()));
  await processes?.killAll();
});

const startNode = (dataDir: string, port = 0, env: Record<string, string> = {}): Promise<StartedProcess> =>
  processes.start('chain-node', ['--data-dir', dataDir, '--node-port', String(port)], env);
const startMiner = (nodeUrl: string): Promise<StartedProcess> =>
  processes.start('miner', ['--node-url', nodeUrl, '--miner-address', minerAddress, '--data-dir', folder]);
const clientOf = (node: StartedProcess): NodeClient => {
  const client = createNodeClient({ baseUrl: node.addresses['node']! });
  clients.push(client);
  return client;
};
const newFolder = (): Promise<string> => mkdtemp(join(folder, 'data-'));

describe('a chain node and a miner, each a process', () => {
  test('make about one block a second, never two in one', async () => {
    processes = new ProcessGroup();
    const node = await startNode(await newFolder());
    const client = clientOf(node);
    const stop = new AbortController();
    const arrivedAtMs: number[] = [];
    const reading = (async () => {
      for await (const event of client.follow({}, stop.signal))
        if (event.type === 'block') arrivedAtMs.push(performance.now());
    })();
    await startMiner(node.addresses['node']!);
    await until('ten blocks were made', () => arrivedAtMs.length >= 10, 60_000);
    stop.abort();
    await reading;
    const spanMs = arrivedAtMs[9]! - arrivedAtMs[0]!;
    // Nine intervals; an event may be late by what the machine is busy with.
    expect(spanMs).toBeGreaterThan(8_800);
    expect(spanMs).toBeLessThan(20_000);
    const account = await client.account({ account: minerAddress });
    expect(BigInt(account.balance) + BigInt(account.immature)).toBeGreaterThanOrEqual(
      10n * devnet.reward.initialSubsidy,
    );
  }, 90_000);

  test('keep everything announced when the node is killed at random moments', async () => {
    const seed = Date.now() % 1_000_000;
    console.log(`chain-node e2e: seed of the kills ${seed}`);
    const random = createRandom(seed);
    processes = new ProcessGroup();
    const dataDir = await newFolder();
    let node = await startNode(dataDir);
    const nodeUrl = node.addresses['node']!;
    const port = Number(new URL(nodeUrl).port);
    const client = clientOf(node);
    const stop = new AbortController();
    const announced: { height: number; blockId: string }[] = [];
    const reading = (async () => {
      for await (const event of client.follow({}, stop.signal)) {
        expect(event.type).not.toBe('reorg');
        if (event.type === 'block') announced.push({ height: event.height, blockId: event.blockId });
      }
    })();
    await startMiner(nodeUrl);
    await until('the chain grows', () => announced.length > 0);

    const faucet = faucetWallet(nativeCrypto, devnet);
    const sent: string[] = [];
    for (let round = 0; round < 4; round += 1) {
      const body = { to: miner.account, amount: 7n, memo: new Uint8Array() };
      const hex = await signFor(law, client, faucet, { kind: 'transfer', body });
      sent.push((await client.submitTransaction({ hex })).id);
      await new Promise((resolve) => setTimeout(resolve, random() * 1_500));
      await node.child.kill();
      const before = announced.length;
      await expect(client.status()).rejects.toMatchObject({
        code: 'node/unreachable',
        data: { url: nodeUrl },
        next: expect.stringContaining('CAIRN_NODE_URL'),
      });
      node = await startNode(dataDir, port);
      for (const { height, blockId } of announced)
        expect(await client.block({ ref: String(height) })).toMatchObject({ id: blockId });
      for (const id of sent) expect(await client.transaction({ id })).not.toBeNull();
      await until('the miner and the stream go on', () => announced.length > before + 1);
    }
    await until('every transfer is confirmed', async () => {
      const found = await Promise.all(sent.map((id) => client.transaction({ id })));
      return found.every((transaction) => transaction?.status === 'confirmed');
    });
    stop.abort();
    await reading;
    // Resumed after every kill: each block once, in order, none missing.
    const first = announced[0]!.height;
    expect(announced.map(({ height }) => height)).toEqual(announced.map((_, index) => first + index));
    for (const { height, blockId } of announced.slice(1)) {
      const block = await client.block({ ref: blockId });
      const parent = await client.block({ ref: String(height - 1) });
      expect(block).toMatchObject({ height, previous: parent?.id, onMainChain: true });
    }
    expect(await client.audit()).toMatchObject({ balanced: true, differences: [] });
  }, 180_000);

  test('stop cleanly on SIGTERM, streams open or not', async () => {
    processes = new ProcessGroup();
    const dataDir = await newFolder();
    const node = await startNode(dataDir);
    const mining = await startMiner(node.addresses['node']!);
    const client = clientOf(node);
    const stop = new AbortController();
    const events = client.follow({}, stop.signal)[Symbol.asyncIterator]();
    await events.next();
    expect(await mining.child.stop()).toEqual({ code: 0, signal: null });
    expect(await node.child.stop()).toEqual({ code: 0, signal: null });
    stop.abort();
    const again = await startNode(dataDir);
    expect((await clientOf(again).status()).tip.height).toBeGreaterThan(0);
  });
});

describe('a chain node that cannot start says why', () => {
  test('when its port is taken', async () => {
    processes = new ProcessGroup();
    const node = await startNode(await newFolder());
    const { port } = new URL(node.addresses['node']!);
    const second = await processes.runToEnd('chain-node', [
      '--data-dir',
      await newFolder(),
      '--node-port',
      port,
    ]);
    expect(second.code).toBe(1);
    expect(second.said).toContain(`port ${port} on 127.0.0.1 is already taken`);
    expect(second.said).toContain('CAIRN_NODE_PORT');
  });

  test('when another process has its data folder', async () => {
    processes = new ProcessGroup();
    const dataDir = await newFolder();
    const node = await startNode(dataDir);
    const second = await processes.runToEnd('chain-node', ['--data-dir', dataDir, '--node-port', '0']);
    expect(second.code).toBe(1);
    expect(second.said).toContain(dataDir);
    expect(second.said).toContain(`process ${node.child.pid} (chain-node)`);
    expect(await clientOf(node).status()).toMatchObject({ network: 'devnet' });
  });

  test('when a setting is mistyped', async () => {
    processes = new ProcessGroup();
    const flags = ['--data-dir', await newFolder(), '--node-port', '0'];
    const name = await processes.runToEnd('chain-node', flags, { CAIRN_NODE_PROT: '1' });
    expect(name.code).not.toBe(0);
    expect(name.said).toContain('CAIRN_NODE_PROT');
    expect(name.said).toContain('did you mean CAIRN_NODE_PORT?');
    const value = await processes.runToEnd('chain-node', flags, { CAIRN_NETWORK: 'devnt' });
    expect(value.code).not.toBe(0);
    expect(value.said).toContain('CAIRN_NETWORK is "devnt"');
    expect(value.said).toContain('devnet, testnet, mainnet');
  });

  test('when Redis is not there', async () => {
    processes = new ProcessGroup();
    const flags = ['--data-dir', await newFolder(), '--node-port', '0'];
    const { code, said } = await processes.runToEnd('chain-node', flags, {
      REDIS_URL: 'redis://127.0.0.1:1',
    });
    expect(code).toBe(1);
    expect(said).toContain('Redis at redis://127.0.0.1:1 cannot be reached');
  });

  test('and so does a miner that nobody told who is paid', async () => {
    processes = new ProcessGroup();
    const flags = ['--data-dir', await newFolder(), '--node-url', 'http://127.0.0.1:1'];
    const none = await processes.runToEnd('miner', flags);
    expect(none.code).toBe(1);
    expect(none.said).toContain('CAIRN_MINER_ADDRESS');
    const foreign = await processes.runToEnd('miner', [...flags, '--miner-address', 'tcairn1qqqqqqqq']);
    expect(foreign.code).toBe(1);
    expect(foreign.said).toContain('tcairn1qqqqqqqq, which is no address of devnet');
  });
});

describe("a chain node's API", () => {
  test('refuses bad blocks by their rule and changes nothing', async () => {
    processes = new ProcessGroup();
    const client = clientOf(await startNode(await newFolder()));
    const { tip } = await client.status();

    const lazy = await buildBlock(client, { tooLittleWork: true });
    await expect(client.submitBlock({ hex: lazy })).rejects.toMatchObject(refusal('header/proof-of-work'));
    const wrongRoot = await buildBlock(client, { change: { transactionRoot: new Uint8Array(32).fill(9) } });
    await expect(client.submitBlock({ hex: wrongRoot })).rejects.toMatchObject(
      refusal('block/transaction-root'),
    );
    const unearned = await buildBlock(client, { change: { proofMint: 1n } });
    await expect(client.submitBlock({ hex: unearned })).rejects.toMatchObject({ code: 'ledger/refused' });
    const early = await buildBlock(client, { timeSeconds: devnet.genesis.timeSeconds });
    await expect(client.submitBlock({ hex: early })).rejects.toMatchObject(refusal('header/time-too-old'));
    const late = await buildBlock(client, { timeSeconds: Math.floor(Date.now() / 1_000) + 1_000 });
    await expect(client.submitBlock({ hex: late })).rejects.toMatchObject(refusal('node/time-too-new'));
    await expect(client.submitBlock({ hex: `${wrongRoot}00` })).rejects.toMatchObject({
      code: 'ledger/refused',
    });
    await expect(client.submitBlock({ hex: 'xyz' })).rejects.toMatchObject({ code: 'request/invalid' });
    expect((await client.status()).tip).toEqual(tip);

    const good = await client.submitBlock({ hex: await buildBlock(client, {}) });
    expect((await client.status()).tip).toMatchObject({ height: tip.height + 1, id: good.id });
  });

  test('goes on after an event id, and refuses one that is none', async () => {
    processes = new ProcessGroup();
    const node = await startNode(await newFolder());
    const client = clientOf(node);
    const ids = [];
    for (let mined = 0; mined < 3; mined += 1)
      ids.push((await client.submitBlock({ hex: await buildBlock(client, {}) })).id);
    const stop = new AbortController();
    const seen: string[] = [];
    for await (const event of client.follow({ lastEventId: `1-${ids[0]}` }, stop.signal)) {
      if (event.type === 'block') seen.push(event.blockId);
      if (seen.length === 2) stop.abort();
    }
    expect(seen).toEqual(ids.slice(1));
    await expect(
      client.follow({ lastEventId: 'x' }, new AbortController().signal)[Symbol.asyncIterator]().next(),
    ).rejects.toMatchObject({ code: 'ledger/bad-event-id' });
  });

  test('is answered over Redis as well', async () => {
    processes = new ProcessGroup();
    const redis = await startRedis();
    try {
      const client = clientOf(await startNode(await newFolder(), 0, { REDIS_URL: redis.url }));
      const other = await openRedisLedger({ redisUrl: redis.url });
      try {
        expect(await other.status()).toEqual(await client.status());
        const mined = await other.submitBlock({ hex: await buildBlock(client, {}) });
        expect(await client.block({ ref: '1' })).toMatchObject({ id: mined.id });
      } finally {
        await other.close();
      }
    } finally {
      await processes.killAll();
      await redis.stop();
    }
  });

  test('serves health, metrics and its own description', async () => {
    processes = new ProcessGroup();
    const { addresses } = await startNode(await newFolder());
    const get = async (path: string): Promise<string> => (await fetch(addresses['node'] + path)).text();
    expect(JSON.parse(await get('/readyz'))).toMatchObject({ status: 'ready' });
    expect(await get('/metrics')).toMatch(/^cairn_chain_tip_height\{.*\} 0$/m);
    expect(JSON.parse(await get('/api/docs-json'))).toMatchObject({
      paths: { '/node/v1/blocks/{ref}': { get: { operationId: 'block' } } },
    });
  });
});

const refusal = (rule: string) => ({ code: 'ledger/refused', data: { violation: { rule } } });

interface BlockFaults {
  /** A hash above the target, and at most twice it: one bit too little. */
  readonly tooLittleWork?: boolean;
  readonly change?: Partial<Coinbase>;
  readonly timeSeconds?: number;
}

/** An empty block on the tip, hex, with faults; its work is real. */
async function buildBlock(client: NodeClient, faults: BlockFaults): Promise<string> {
  const template = await client.template({ miner: minerAddress });
  expect(template.transactionCount).toBe(0);
  const header = decodeHeader(hexToBytes(template.headerHex));
  const coinbase = decodeCoinbase(hexToBytes(template.coinbaseHex));
  if (!header.ok || !coinbase.ok) throw new Error('the template does not decode');
  const coinbaseBytes = encodeCoinbase({ ...coinbase.value, ...faults.change });
  const target = BigInt(`0x${template.targetHex}`);
  const [above, most] = faults.tooLittleWork === true ? [target, 2n * target + 1n] : [-1n, target];
  for (let nonce = 0; ; nonce += 1) {
    const candidate = {
      ...header.value,
      merkleRoot: nativeCrypto.sha256d(coinbaseBytes),
      time: faults.timeSeconds ?? header.value.time,
      nonce,
    };
    const hash = BigInt(`0x${bytesToHex(nativeCrypto.sha256d(encodeHeader(candidate)).reverse())}`);
    if (hash > above && hash <= most) return bytesToHex(encodeBlock(candidate, coinbaseBytes, []));
  }
}

/** Mulberry32: numbers from 0 to 1, the same for a seed. */
function createRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
