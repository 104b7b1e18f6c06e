import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { accountIdToAddress, devnet, publicKeyToAccountId } from '#chain';
import { nativeCrypto } from '#crypto-native';
import type { NetworkView, StatusView } from '#wire';
import { requireCounterpart } from '../counterparts.js';
import { waitUntil } from '../e2e/support/wait.js';
import { SmallInternet, whyNoNamespaces } from './support/namespaces.js';

const counterparts = [requireCounterpart('ip'), requireCounterpart('nft')] as const;
const missing = counterparts.find(({ path }) => path === '');
const obstacle = missing === undefined ? whyNoNamespaces() : undefined;
const run = missing?.describe ?? (obstacle === undefined ? describe : describe.skip);

run(`nodes behind NAT${obstacle === undefined ? '' : ` - left out: ${obstacle}`}`, () => {
  const hosts = new Map<string, string>();
  let internet: SmallInternet;
  let folder: string;

  const entry = (app: string): string => resolve('dist', 'apps', app, 'main.js');
  const startNode = async (host: string, settings: Readonly<Record<string, string>>): Promise<string> => {
    const ready = await internet.start(host, entry('chain-node'), {
      CAIRN_NETWORK: 'devnet',
      CAIRN_DATA_DIR: join(folder, host),
      CAIRN_LOG_LEVEL: 'warn',
      CAIRN_NODE_PORT: '7101',
      CAIRN_P2P_PORT: '7104',
      CAIRN_P2P_HOST: '0.0.0.0',
      REDIS_URL: '',
      ...settings,
    });
    hosts.set(host, ready['node'] ?? '');
    return peers(host).peerId;
  };
  const peers = (host: string): NetworkView => internet.ask(host, `${hosts.get(host)}/node/v1/peers`);
  const height = (host: string): number =>
    internet.ask<StatusView>(host, `${hosts.get(host)}/node/v1/status`).tip.height;
  const peerOf = (host: string, peer: string) => peers(host).peers.find((one) => one.peer === peer);

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'cairn-nat-'));
    internet = new SmallInternet();
  });
  afterAll(async () => {
    await internet?.close();
    await rm(folder, { recursive: true, force: true });
  });

  test('get blocks, a place at a relay, peers through it, and a direct connection where that is possible', async () => {
    const relayAddress = internet.addHost('relay');
    internet.addHome('ada');
    internet.addHome('ben');
    const publicAddress = internet.addHost('public');
    const relayId = await startNode('relay', {
      CAIRN_P2P_RELAY: 'server',
      CAIRN_P2P_ANNOUNCE: `/ip4/${relayAddress}/tcp/7104`,
    });
    const relay = `/ip4/${relayAddress}/tcp/7104/p2p/${relayId}`;
    const adaId = await startNode('ada', { CAIRN_P2P_BOOTSTRAP: relay });

    // blocks that are found behind NAT reach the world
    const key = Uint8Array.from(Buffer.from(devnet.genesis.allocations[0]?.publicKey ?? '', 'hex'));
    await internet.start('ada', entry('miner'), {
      CAIRN_NETWORK: 'devnet',
      CAIRN_DATA_DIR: join(folder, 'miner'),
      CAIRN_NODE_URL: hosts.get('ada') ?? '',
      CAIRN_MINER_ADDRESS: accountIdToAddress(devnet, publicKeyToAccountId(nativeCrypto, devnet, key)),
      CAIRN_OPS_PORT: '0',
    });
    await waitUntil('the relay to have blocks of ada', 30_000, () => height('relay') >= 2);

    const place = `${relay}/p2p-circuit/p2p/${adaId}`;
    await waitUntil('ada to have a place at the relay', 60_000, () => peers('ada').addresses.includes(place));

    // two homes meet through the relay; TCP from two NATs does not get further
    await startNode('ben', { CAIRN_P2P_BOOTSTRAP: place, CAIRN_P2P_DISCOVERY: 'bootstrap' });
    await waitUntil(
      'ben to have been introduced to ada',
      30_000,
      () => peerOf('ben', adaId)?.agent === 'cairn/1',
    );
    expect(peerOf('ben', adaId)).toMatchObject({ isRelayed: true, isOutbound: true });
    await waitUntil('ben to have the blocks', 30_000, () => height('ben') >= 2);

    // who has a public address is called back directly
    await startNode('public', {
      CAIRN_P2P_BOOTSTRAP: place,
      CAIRN_P2P_DISCOVERY: 'bootstrap',
      CAIRN_P2P_ANNOUNCE: `/ip4/${publicAddress}/tcp/7104`,
    });
    await waitUntil(
      'ada to be connected to it directly',
      30_000,
      () => peerOf('public', adaId)?.isRelayed === false,
    );
    await waitUntil('it to have the blocks', 30_000, () => height('public') >= 2);
  }, 180_000);
});
