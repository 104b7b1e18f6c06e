import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { decodeBlock, devnet, genesisBlock } from '#chain';
import { createNetworkLaw } from '#contracts';
import { nativeCrypto } from '#crypto-native';
import { isProcessAlive } from '../../libs/lifecycle/testing/index.js';
import { frameOf, HostilePeer, libraryTimersEnded, RawSockets } from '../../libs/p2p/testing/index.js';
import { type CutProxy, startCutProxy } from './support/cut-proxy.js';
import { NodeFleet } from './support/node-fleet.js';
import { waitUntil } from './support/wait.js';

const NAMES = ['first', 'second', 'hostile', 'killed', 'cut'] as const;
type Name = (typeof NAMES)[number];

/** Five nodes of different operators over loopback, two miners, everything that goes wrong at once. */
describe('a network of five nodes', () => {
  const law = createNetworkLaw(devnet, nativeCrypto);
  let fleet: NodeFleet;
  let toFirst: CutProxy;
  let toCut: CutProxy;
  const stopMiners: (() => Promise<void>)[] = [];
  const raw = new RawSockets();

  const heightOf = async (name: Name): Promise<number> => (await fleet.node(name).client.status()).tip.height;
  const tipOf = async (name: Name): Promise<string> => (await fleet.node(name).client.status()).tip.id;
  const peersOf = async (name: Name) => {
    const view = await fleet.node(name).client.peers();
    if (view === null) throw new Error(`${name} takes part in no network`);
    return view;
  };
  const reaches = (name: Name, height: number, timeoutMs = 40_000): Promise<void> =>
    waitUntil(`${name} to reach height ${height}`, timeoutMs, async () => (await heightOf(name)) >= height);

  beforeAll(async () => {
    fleet = await NodeFleet.create();
    const first = await fleet.startNode('first');
    toFirst = await startCutProxy(() => first.p2pPort);
    toCut = await startCutProxy(() => fleet.node('cut').p2pPort);
    const [, peerId] = first.p2p.split('/p2p/');
    const bootstrap = { CAIRN_P2P_BOOTSTRAP: first.p2p };
    await Promise.all([
      fleet.startNode('second', bootstrap),
      fleet.startNode('hostile', bootstrap),
      fleet.startNode('killed', bootstrap),
      fleet.startNode('cut', {
        CAIRN_P2P_DISCOVERY: 'bootstrap',
        CAIRN_P2P_BOOTSTRAP: `/ip4/127.0.0.1/tcp/${toFirst.port}/p2p/${peerId}`,
        CAIRN_P2P_ANNOUNCE: `/ip4/127.0.0.1/tcp/${toCut.port}`,
      }),
    ]);
    stopMiners.push(await fleet.startMiner('first'), await fleet.startMiner('second'));
  }, 120_000);

  afterAll(async () => {
    raw.closeAll();
    await toFirst?.close();
    await toCut?.close();
    await fleet?.stop();
    await libraryTimersEnded();
  });

  test('finds itself through one node that all know, and follows two miners', async () => {
    for (const name of NAMES) await reaches(name, 3);
    await waitUntil('the second to know more than the first', 20_000, async () => {
      return (await peersOf('second')).peers.length >= 2;
    });
  }, 60_000);

  test('a node that is cut off goes on alone and comes back to the chain of the others', async () => {
    toFirst.cut();
    toCut.cut();
    await waitUntil('it is alone', 10_000, async () => (await peersOf('cut')).peers.length === 0);
    const stopMiner = await fleet.startMiner('cut');
    const forkHeight = await heightOf('cut');
    await reaches('cut', forkHeight + 2);
    const own = await fleet.node('cut').client.block({ ref: String(forkHeight + 2) });
    await stopMiner();
    await reaches('first', (await heightOf('cut')) + 5);
    expect(await fleet.node('first').client.block({ ref: own?.id ?? '' })).toBeNull();
    toFirst.restore();
    toCut.restore();
    const meeting = await heightOf('first');
    await reaches('cut', meeting);
    const [left, right] = await Promise.all(
      (['cut', 'first'] as const).map((name) =>
        fleet.node(name).client.block({ ref: String(forkHeight + 2) }),
      ),
    );
    expect(left?.id).toBe(right?.id);
    expect(left?.id).not.toBe(own?.id);
  }, 90_000);

  test('a node that is killed again and again starts at a valid tip and catches up', async () => {
    for (let times = 0; times < 3; times += 1) {
      const before = await heightOf('killed');
      await fleet.killNode('killed');
      await fleet.startNode('killed');
      await reaches('killed', before + 1);
    }
  }, 90_000);

  test('a node whose file of blocks is destroyed puts it aside and builds it anew from its peers', async () => {
    const before = await heightOf('killed');
    await fleet.killNode('killed');
    const folder = fleet.folderOf('killed');
    const files = (await readdir(folder, { recursive: true })).map((file) => join(folder, file));
    for (const file of files.filter((name) => /chain\.sqlite(-wal)?$/.test(name))) {
      await writeFile(file, randomBytes((await stat(file)).size));
    }
    await fleet.startNode('killed');
    await reaches('killed', before + 1);
    const after = await readdir(folder, { recursive: true });
    expect(after.filter((name) => name.includes('chain.sqlite.damaged-'))).not.toEqual([]);
    const [own, first] = await Promise.all(
      (['killed', 'first'] as const).map((name) => fleet.node(name).client.block({ ref: String(before) })),
    );
    expect(own?.id).toBe(first?.id);
  }, 90_000);

  test('garbage from a hostile peer is refused by its rules, and the node stays with the others', async () => {
    const target = fleet.node('hostile');
    const protocol = `/cairn/devnet/${genesisBlock(law).id.slice(0, 16)}/request/1`;
    for (let at = 0; at < 3; at += 1) {
      const peer = await HostilePeer.connect(target.p2p, protocol);
      try {
        for (let tries = 0; tries < 60 && peer.isConnected; tries += 1)
          await peer.write(frameOf(randomBytes(1 + tries * 100))).catch(() => undefined);
        await waitUntil('the node to put it out', 20_000, () => !peer.isConnected);
      } finally {
        await peer.close();
      }
    }
    for (let at = 0; at < 200; at += 1) await raw.open(target.p2pPort, randomBytes(500));
    await waitUntil('the node to count the flood', 20_000, async () => {
      return ((await peersOf('hostile')).refusals['p2p/connection-rate'] ?? 0) > 50;
    });
    const { bans, refusals } = await peersOf('hostile');
    expect(bans.length).toBeGreaterThanOrEqual(3);
    expect(Object.keys(refusals).join()).toMatch(/codec\/|peer\/|sync\//);
    await reaches('hostile', (await heightOf('first')) + 1);
  }, 90_000);

  test('all end on one tip, with books that balance, and leave nothing behind', async () => {
    for (const stop of stopMiners) await stop();
    const tips = (): Promise<string[]> => Promise.all(NAMES.map(tipOf));
    // two miners may leave two tips of the same weight: one more block decides
    const stopLast = await fleet.startMiner('second');
    const height = await heightOf('second');
    await reaches('second', height + 3);
    await stopLast();
    await waitUntil('all nodes to have one tip', 40_000, async () => new Set(await tips()).size === 1);
    const raws = await Promise.all(
      NAMES.map(async (name) => fleet.node(name).client.rawBlock({ ref: await tipOf(name) })),
    );
    expect(new Set(raws.map((block) => block?.hex)).size).toBe(1);
    const block = decodeBlock(law, Uint8Array.from(Buffer.from(raws[0]?.hex ?? '', 'hex')));
    expect(block.ok && block.value.coinbase.stateRoot).toHaveLength(32);
    for (const name of NAMES)
      expect(await fleet.node(name).client.audit()).toMatchObject({ balanced: true, differences: [] });
    for (const name of NAMES) expect(fleet.residentMiB(name)).toBeLessThan(600);
    await toFirst.close();
    await toCut.close();
    const { codes, openPorts, pids } = await fleet.stop();
    expect(codes).toEqual([0, 0, 0, 0, 0]);
    expect(openPorts).toEqual([]);
    expect(pids.filter(isProcessAlive)).toEqual([]);
    expect(existsSync(fleet.folder)).toBe(false);
  }, 120_000);
});
