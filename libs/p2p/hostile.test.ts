import { randomBytes } from 'node:crypto';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, describe, expect, test } from '@jest/globals';
import { multiaddr } from '@multiformats/multiaddr';
import { waitUntil } from '../lifecycle/testing/index.js';
import type { P2pOptions, P2pTransport } from './index.js';
import { createProtocolNames } from './protocol-names.js';
import { frameOf, HostilePeer, RawSockets } from './testing/hostile-peers.js';
import {
  addressOf,
  createEchoHandler,
  LoopbackNodes,
  libraryTimersEnded,
  TEST_GENESIS,
} from './testing/loopback-nodes.js';

const PROTOCOL = createProtocolNames('testnet', TEST_GENESIS).request;
const nodes = new LoopbackNodes();
const hostile: HostilePeer[] = [];
const raw = new RawSockets();

afterAll(libraryTimersEnded);
afterEach(async () => {
  raw.closeAll();
  await Promise.all(hostile.splice(0).map((peer) => peer.close()));
  await nodes.close();
});

const attack = async (target: P2pTransport, protocols?: string[]): Promise<HostilePeer> => {
  const peer = await HostilePeer.connect(addressOf(target), PROTOCOL, protocols);
  hostile.push(peer);
  return peer;
};
const portOf = (transport: P2pTransport): number => Number(/tcp\/(\d+)/.exec(addressOf(transport))?.[1]);
const refusals = (transport: P2pTransport, rule: string): number => transport.status().refusals[rule] ?? 0;
const refused = (transport: P2pTransport, rule: string, count = 1): Promise<void> =>
  waitUntil(`${rule} was counted ${count} times`, () => refusals(transport, rule) >= count);

/** A node, and an honest peer that must still be served whatever the hostile ones do. */
async function scene(options: Partial<P2pOptions> = {}): Promise<{
  readonly node: P2pTransport;
  readonly serves: () => Promise<void>;
}> {
  const node = await nodes.start(createEchoHandler(), options);
  const handler = createEchoHandler();
  const honest = await nodes.start(handler, { discovery: 'bootstrap', bootstrap: [addressOf(node)] });
  const ref = node.status().peerId;
  await waitUntil('the honest peer is connected', () => handler.peers.has(ref));
  return {
    node,
    serves: async () => {
      const startedMs = performance.now();
      expect(
        await honest.request(ref, Uint8Array.of(1, 2, 3), { timeoutMs: 3_000, maxAnswerBytes: 3 }),
      ).toEqual(Uint8Array.of(1, 2, 3));
      expect(performance.now() - startedMs).toBeLessThan(3_000);
      expect(handler.peers.has(ref)).toBe(true);
    },
  };
}

describe('a hostile peer that speaks libp2p', () => {
  test('announces 4 GiB: refused without waiting for them, banned at the second time', async () => {
    const { node, serves } = await scene();
    const peer = await attack(node);
    await peer.write(frameOf(new Uint8Array(8), 0xffff_ffff));
    await refused(node, 'p2p/request-too-large');
    await peer.write(frameOf(new Uint8Array(8), 0xffff_ffff));
    await waitUntil('it is put out', () => !peer.isConnected);
    expect(node.status().bans.map(({ key, rule }) => [key, rule])).toEqual([
      [peer.id, 'p2p/request-too-large'],
    ]);
    await serves();
  });

  test('that is banned does not get in again, not even after a restart of the node', async () => {
    const folder = await nodes.newFolder();
    const node = await nodes.start(createEchoHandler(), { folder });
    const peer = await attack(node);
    await peer.write(frameOf(Uint8Array.of(1)));
    await waitUntil('it is known', () => node.status().peers.length === 1);
    node.report(peer.id, { rule: 'block/bad', weight: 100 });
    await waitUntil('it is put out', () => !peer.isConnected);
    await peer.node.dial(peer.connection.remoteAddr).catch(() => undefined);
    await refused(node, 'p2p/banned');
    await node.stop();

    const again = await nodes.start(createEchoHandler(), { folder });
    expect(again.status().peerId).toBe(node.status().peerId);
    await peer.node.dial(multiaddr(addressOf(again))).catch(() => undefined);
    await refused(again, 'p2p/banned');
    expect(again.status().peers).toEqual([]);
  });

  test('writes more than its frame, half a frame, nothing at all: each has its rule', async () => {
    const { node, serves } = await scene({ limits: { requestTimeoutMs: 300 } });
    const peer = await attack(node);
    await peer.write(frameOf(randomBytes(100), 50));
    await refused(node, 'p2p/trailing-bytes');
    const torn = await peer.write(frameOf(randomBytes(10), 50));
    await torn.close();
    await refused(node, 'p2p/torn-request');
    await peer.write(frameOf(randomBytes(10), 50)); // and never the rest
    await refused(node, 'p2p/slow-request');
    await serves();
  });

  test('drips a byte at a time: its time is up all the same', async () => {
    const { node, serves } = await scene({ limits: { requestTimeoutMs: 400 } });
    const peer = await attack(node);
    const stream = await peer.write(frameOf(new Uint8Array(0), 200));
    for (let at = 0; at < 20 && stream.status === 'open'; at += 1) {
      stream.send(Uint8Array.of(at));
      await delay(50);
    }
    await refused(node, 'p2p/slow-request');
    expect(stream.status).not.toBe('open');
    await serves();
  });

  test('opens hundreds of requests at once: only so many are taken, the flood ends in a ban', async () => {
    const { node, serves } = await scene({ limits: { maxRequestsInFlight: 4, requestTimeoutMs: 5_000 } });
    const peer = await attack(node);
    for (let at = 0; at < 100 && peer.isConnected; at += 1)
      await peer.write(frameOf(new Uint8Array(0), 100)).catch(() => undefined);
    await waitUntil('it is put out', () => !peer.isConnected);
    expect(refusals(node, 'p2p/too-many-requests')).toBeGreaterThanOrEqual(50);
    await serves();
  });

  test('some that hold all the places there are: whoever asks only now and then is answered', async () => {
    const { node, serves } = await scene();
    for (let at = 0; at < 4; at += 1) {
      const peer = await attack(node);
      for (let each = 0; each < 16; each += 1) await peer.write(frameOf(new Uint8Array(0), 100));
    }
    const fifth = await attack(node);
    for (let each = 0; each < 4; each += 1)
      await fifth.write(frameOf(new Uint8Array(0), 100)).catch(() => undefined);
    await refused(node, 'p2p/busy');
    await serves();
  });

  test('asks too fast: it waits, and is answered', async () => {
    const { node, serves } = await scene({ limits: { requestRate: { perSecond: 20, burst: 5 } } });
    const handler = createEchoHandler();
    const greedy = await nodes.start(handler, { discovery: 'bootstrap', bootstrap: [addressOf(node)] });
    const ref = node.status().peerId;
    await waitUntil('connected', () => handler.peers.has(ref));
    const startedMs = performance.now();
    const options = { timeoutMs: 10_000, maxAnswerBytes: 10 };
    await Promise.all(Array.from({ length: 25 }, () => greedy.request(ref, Uint8Array.of(1), options)));
    expect(performance.now() - startedMs).toBeGreaterThan(900);
    await serves();
  });

  test('asks for much and does not read: the answer is dropped, memory does not wait for it', async () => {
    const handler = { ...createEchoHandler(), request: () => Promise.resolve(new Uint8Array(4_000_000)) };
    const node = await nodes.start(handler, { limits: { answerTimeoutMs: 400 } });
    const peer = await attack(node);
    for (let at = 0; at < 4; at += 1) {
      const stream = await peer.open();
      stream.pause();
      stream.send(frameOf(Uint8Array.of(1)));
    }
    await refused(node, 'p2p/slow-reader', 4);
  });

  test('speaks for another network, or for none: told apart, put out, forgotten', async () => {
    const { node, serves } = await scene();
    const other = createProtocolNames('testnet', 'a1'.repeat(32)).request;
    const foreign = await HostilePeer.connect(addressOf(node), other);
    const stranger = await HostilePeer.connect(addressOf(node), '/ipfs/bitswap/1.2.0');
    hostile.push(foreign, stranger);
    await refused(node, 'p2p/wrong-network');
    await refused(node, 'p2p/foreign-protocol');
    await waitUntil('both are put out', () => !foreign.isConnected && !stranger.isConnected);
    expect(node.status().peers).toHaveLength(1);
    await serves();
  });

  test('a node of another network is no peer', async () => {
    const node = await nodes.start(createEchoHandler());
    const handler = createEchoHandler();
    const foreign = await nodes.start(handler, { network: 'mainnet', bootstrap: [addressOf(node)] });
    await waitUntil('one of them has told it apart', () => {
      return refusals(foreign, 'p2p/wrong-network') + refusals(node, 'p2p/wrong-network') > 0;
    });
    await delay(300);
    expect([handler.peers.size, node.status().peers.length]).toEqual([0, 0]);
  });
});

describe('a hostile program with sockets', () => {
  test('a thousand connections from one address: a handful is held, each refusal is counted, peers are served', async () => {
    const { node, serves } = await scene({
      limits: { maxPerAddress: 6, connectionRate: { perSecond: 5, burst: 20 }, upgradeTimeoutMs: 1_500 },
    });
    for (let at = 0; at < 1_000; at += 1) await raw.open(portOf(node));
    expect(node.status().inboundConnections).toBeLessThanOrEqual(6);
    await serves();
    const { refusals: counted } = node.status();
    const sum = (counted['p2p/connection-rate'] ?? 0) + (counted['p2p/connections-per-address'] ?? 0);
    expect(sum).toBeGreaterThanOrEqual(950);
    await waitUntil(
      'silent sockets are closed in time',
      () => node.status().inboundConnections === 1,
      10_000,
    );
    await serves();
  });

  test('garbage in place of a handshake', async () => {
    const { node, serves } = await scene();
    for (let at = 0; at < 10; at += 1) await raw.open(portOf(node), randomBytes(5_000));
    await waitUntil('all are closed', () => node.status().inboundConnections === 1);
    await serves();
  });

  test('a socket that never says anything, one that stops in the middle', async () => {
    const { node, serves } = await scene({ limits: { upgradeTimeoutMs: 500 } });
    await raw.open(portOf(node));
    await raw.open(portOf(node), Buffer.from('\x13/multistream/1.0.0\n'));
    await waitUntil('they count while they are there', () => node.status().inboundConnections === 3);
    await waitUntil('both are closed', () => node.status().inboundConnections === 1);
    await serves();
  });
});

describe('the node itself', () => {
  test('its key is for its owner only; a damaged one is an error that says what to do', async () => {
    const folder = await nodes.newFolder();
    const node = await nodes.start(createEchoHandler(), { folder });
    const file = join(folder, 'node-key');
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect((await readFile(file, 'utf8')).trim()).toMatch(/^[0-9a-f]{64}$/);
    await node.stop();
    await writeFile(file, 'not a key');
    await expect(nodes.start(createEchoHandler(), { folder })).rejects.toMatchObject({
      code: 'p2p/bad-node-key',
      next: expect.stringContaining('delete it'),
    });
  });

  test('damaged memory of peers is started without', async () => {
    const folder = await nodes.newFolder();
    await writeFile(join(folder, 'peers.json'), '{"version":1,"peers":[{"peer":7}]}');
    const node = await nodes.start(createEchoHandler(), { folder });
    expect(node.status().knownPeers).toBe(0);
  });

  test('a taken port is an error that names the setting', async () => {
    const first = await nodes.start(createEchoHandler());
    await expect(nodes.start(createEchoHandler(), { port: portOf(first) })).rejects.toMatchObject({
      code: 'p2p/listen-failed',
      next: expect.stringContaining('CAIRN_P2P_PORT'),
    });
  });

  test('peers find each other through one they know, and again without it after a restart', async () => {
    const folder = await nodes.newFolder();
    const handlers = [createEchoHandler(), createEchoHandler(), createEchoHandler()] as const;
    const meeting = await nodes.start(handlers[0]);
    const b = await nodes.start(handlers[1], { bootstrap: [addressOf(meeting)] });
    const c = await nodes.start(handlers[2], { bootstrap: [addressOf(meeting)], folder });
    const refOfB = b.status().peerId;
    await waitUntil('c has found b', () => handlers[2].peers.has(refOfB), 20_000);
    await c.stop();
    await meeting.stop();
    const late = createEchoHandler();
    await nodes.start(late, { folder });
    await waitUntil('c remembers b', () => late.peers.has(refOfB), 20_000);
  });
});
