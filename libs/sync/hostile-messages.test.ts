import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { BlockId, TxId } from '#chain';
import { encodeMessage, type Hello, MESSAGES, type MessageName } from './messages/messages.js';
import {
  answersOf,
  blocksOf,
  helloOf,
  NOBODYS_BLOCK,
  newTestChain,
  Scene,
  type ScriptedPeer,
} from './testing/index.js';

const chain = newTestChain(12);
let scene: Scene;

beforeEach(async () => {
  scene = await Scene.open(chain, { height: 10 });
});

/** However badly it was treated, the engine still takes a block from whoever behaves, and leaves no timer. */
afterEach(async () => {
  const blocks = blocksOf(chain);
  await scene.dialled('honest', answersOf(chain), helloOf(blocks));
  await scene.run(20_000, () => scene.height === 12);
  expect(scene.height).toBe(12);
  await scene.close();
  await scene.run(200_000);
  expect(scene.clock.pending).toBe(0);
});

async function say(peer: ScriptedPeer, bytes: Uint8Array): Promise<number> {
  let length = -1;
  void peer.say('node', bytes).then(
    (answer) => {
      length = answer.length;
    },
    () => undefined,
  );
  await scene.run(100);
  return length;
}

describe('handshake', () => {
  test.each([
    ['peer/wrong-network', { networkId: 1 }],
    ['peer/wrong-genesis', { genesis: NOBODYS_BLOCK }],
    ['peer/protocol-version', { protocolVersion: 999 }],
    ['peer/wire-version', { wireVersion: 2 }],
  ] as [string, Partial<Hello>][])('%s is refused on both sides of a connection', async (rule, changes) => {
    await scene.greeted('in', {}, changes);
    expect(scene.rules).toEqual([rule]);
    await scene.dialled('out', {}, changes);
    expect(scene.rules).toEqual([rule, rule]);
    expect(scene.transport.peers()).toEqual([]);
    expect(scene.transport.isBanned('in')).toBe(true);
    expect(scene.engine.status().refusals).toEqual({ [rule]: 2 });
  });

  test('a node that reached itself leaves', async () => {
    const mirror = scene.peer('mirror', { hello: (body) => encodeMessage('hello', body) });
    scene.transport.connect(mirror.ref);
    await scene.run(100);
    expect(scene.rules).toEqual(['peer/self']);
    expect(scene.transport.peers()).toEqual([]);
  });

  test('who never introduces itself is let go, who asks before is told no', async () => {
    const silent = scene.peer('silent');
    silent.transport.connect('node');
    expect(await say(silent, encodeMessage('getWaiting', {}))).toBe(0);
    expect(scene.rules).toEqual(['peer/no-hello']);
    await scene.run(11_000);
    expect(scene.rules).toEqual(['peer/no-hello', 'peer/no-hello']);
    expect(scene.transport.peers()).toEqual([]);
  });

  test('a second introduction, the same or a conflicting one', async () => {
    const peer = await scene.greeted('twice');
    expect(await say(peer, encodeMessage('hello', peer.hello()))).toBe(0);
    expect(await say(peer, encodeMessage('hello', { ...peer.hello(), networkId: 3 }))).toBe(0);
    expect(scene.rules).toEqual(['peer/hello-twice', 'peer/hello-twice']);
  });

  test('two nodes that dial each other at once are no offenders', async () => {
    const peer = await scene.dialled('both');
    expect(await say(peer, encodeMessage('hello', peer.hello()))).toBeGreaterThan(0);
    expect(scene.rules).toEqual([]);
  });

  test('who claims more work than it shows', async () => {
    const genesis = chain.at(0).block.id;
    const nothing = encodeMessage('headers', { tip: NOBODYS_BLOCK, headers: new Uint8Array() });
    await scene.dialled('boaster', { getHeaders: () => nothing }, { tip: NOBODYS_BLOCK, work: 1n << 99n });
    await scene.run(1_000);
    expect(scene.rules).toEqual(['sync/empty-claim']);
    expect(genesis).not.toBe(NOBODYS_BLOCK);
  });
});

describe('requests', () => {
  const requests: MessageName[] = [
    'hello',
    'getHeaders',
    'getBlocks',
    'getBlockTransactions',
    'getTransactions',
  ];

  test.each(requests)('%s cut short, and too long', async (name) => {
    const peer = await scene.greeted('malformed');
    const { code } = MESSAGES[name];
    expect(await say(peer, Uint8Array.of(code))).toBe(0);
    const good: Partial<Record<MessageName, Uint8Array>> = {
      getHeaders: encodeMessage('getHeaders', { locator: [] }),
      getBlocks: encodeMessage('getBlocks', { ids: [NOBODYS_BLOCK] }),
    };
    const longer = Uint8Array.of(...(good[name] ?? encodeMessage('getWaiting', {})), 0);
    await say(peer, longer);
    expect(new Set(scene.rules)).toEqual(new Set(['codec/truncated', 'codec/trailing-bytes']));
    expect(scene.transport.isBanned('malformed')).toBe(true);
  });

  test('a count beyond all limits costs nothing but the count', async () => {
    const peer = await scene.greeted('oversized');
    expect(await say(peer, Uint8Array.of(MESSAGES.getBlocks.code, 0xff, 0xff, 0xff, 0xff))).toBe(0);
    expect(scene.rules).toEqual(['codec/length']);
  });

  test('messages that are no requests, no messages, nothing', async () => {
    const peer = await scene.greeted('odd');
    const answer = encodeMessage('headers', { tip: NOBODYS_BLOCK, headers: new Uint8Array(80) });
    expect(await say(peer, answer)).toBe(0);
    expect(await say(peer, Uint8Array.of(0xee))).toBe(0);
    expect(await say(peer, new Uint8Array())).toBe(0);
    expect(scene.rules).toEqual(['peer/unexpected-message', 'peer/unknown-message', 'peer/empty-message']);
  });

  test('requests for nothing, for one thing twice, for places that do not rise', async () => {
    const peer = await scene.greeted('sloppy');
    const block = chain.at(3).block.id;
    await say(peer, encodeMessage('getBlocks', { ids: [] }));
    await say(peer, encodeMessage('getTransactions', { ids: ['cd'.repeat(32), 'cd'.repeat(32)] as TxId[] }));
    await say(peer, encodeMessage('getBlockTransactions', { block, indexes: [99_999] }));
    expect(scene.rules).toEqual(['sync/empty-request', 'sync/duplicate-ids', 'sync/indexes']);
  });

  test('what is asked for properly is answered, and what is not here is empty', async () => {
    const peer = await scene.greeted('polite');
    const ids: BlockId[] = [chain.at(2).block.id, NOBODYS_BLOCK];
    const answer = peer.say('node', encodeMessage('getBlocks', { ids }));
    await scene.run(100);
    const blocks = [chain.at(2).block.bytes, new Uint8Array()];
    expect(await answer).toEqual(encodeMessage('blocks', { blocks }));
    expect(scene.rules).toEqual([]);
  });
});

describe('gossip that is no message', () => {
  test.each(['blocks', 'transactions'] as const)('%s: garbage, another kind, nothing', async (topic) => {
    const peer = await scene.greeted('noise');
    const other = encodeMessage('getWaiting', {});
    for (const bytes of [Uint8Array.of(0xee, 1, 2), other, new Uint8Array()]) {
      peer.transport.publish(topic, bytes);
      await scene.run(50);
    }
    expect(scene.rules).toEqual(['peer/unknown-message', 'peer/unexpected-message', 'peer/empty-message']);
  });

  test('ids that are none, or twice the same', async () => {
    const peer = await scene.greeted('ids');
    const id = 'ef'.repeat(32) as TxId;
    peer.transport.publish('transactions', encodeMessage('transactionIds', { ids: [] }));
    peer.transport.publish('transactions', encodeMessage('transactionIds', { ids: [id, id] }));
    await scene.run(50);
    expect(scene.rules).toEqual(['sync/empty-request', 'sync/duplicate-ids']);
  });
});
