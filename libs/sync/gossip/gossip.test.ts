import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { encodeHeader, type KnownBlock, type KnownTransaction, type TxId, transactionId } from '#chain';
import { type BlockAnnouncement, decodeMessageOf, encodeMessage } from '../messages/messages.js';
import {
  type Answers,
  answersOf,
  blocksOf,
  newTestChain,
  Scene,
  type ScriptedPeer,
} from '../testing/index.js';
import { blockToAnnouncement } from './compact-block.js';

const chain = newTestChain(12);
const { law } = chain;
const faucet = chain.faucet();
const pay = (sequence: number, memo = ''): KnownTransaction =>
  chain.sign(
    faucet,
    'transfer',
    {
      to: chain.wallet('w').account,
      amount: 5n,
      memo: Uint8Array.from(memo, (letter) => letter.charCodeAt(0)),
    },
    { sequence: BigInt(sequence), fee: 1_000n },
  );
const transactions = [pay(0), pay(1), pay(2)];
const next = chain.draft(transactions);
const salt = new Uint8Array(8);

let scene: Scene;
beforeEach(async () => {
  scene = await Scene.open(chain, { height: 12 });
});
afterEach(() => scene.close());

function tell(peer: ScriptedPeer, announcement: BlockAnnouncement): Promise<void> {
  peer.transport.publish('blocks', encodeMessage('blockAnnouncement', announcement));
  return scene.run(300);
}

function announced(block: KnownBlock): BlockAnnouncement {
  return blockToAnnouncement(law, block.bytes, salt);
}

/** Answers of a node that has one more block. */
function having(...more: readonly KnownBlock[]): Answers {
  return answersOf(chain, () => [...blocksOf(chain), ...more]);
}

function told(listener: ScriptedPeer, topic: 'blocks' | 'transactions'): number {
  return listener.heard.filter((each) => each.topic === topic).length;
}

describe('announced blocks', () => {
  test('rebuilt from the pool without asking for anything, and passed on', async () => {
    for (const { bytes } of transactions) await scene.node.access.submitTransaction(bytes);
    const peer = await scene.greeted('peer', having(next));
    const listener = await scene.greeted('listener');
    await tell(peer, announced(next));
    expect(scene.height).toBe(13);
    expect(peer.asked).not.toContain('getBlockTransactions');
    expect(told(listener, 'blocks')).toBe(1);
    expect(scene.engine.status().counters).toMatchObject({
      announcementsRebuilt: 1,
      announcementsFetched: 0,
    });
  });

  test('what the pool lacks is asked of who told it', async () => {
    await scene.node.access.submitTransaction((transactions[0] as KnownTransaction).bytes);
    const peer = await scene.greeted('peer', having(next));
    await tell(peer, announced(next));
    expect(scene.height).toBe(13);
    expect(peer.asked).toContain('getBlockTransactions');
    expect(peer.asked).not.toContain('getBlocks');
  });

  test('where that fails, the whole block is', async () => {
    const peer = await scene.greeted('peer', {
      ...having(next),
      getBlockTransactions: () => new Uint8Array(),
    });
    const listener = await scene.greeted('listener');
    await tell(peer, announced(next));
    expect(scene.height).toBe(13);
    expect(peer.asked).toContain('getBlocks');
    expect(told(listener, 'blocks')).toBe(1);
    expect(scene.rules).toEqual([]);
  });

  test('transactions that are not the block’s: its sender gets one more chance to show the block, then is banned', async () => {
    const lies: Answers = {
      ...having(next),
      getBlockTransactions: ({ indexes }) =>
        encodeMessage('blockTransactions', { transactions: indexes.map(() => pay(7).bytes) }),
      getBlocks: () => encodeMessage('blocks', { blocks: [(chain.at(3).block as KnownBlock).bytes] }),
    };
    const listener = await scene.greeted('listener');
    const peer = await scene.greeted('peer', lies);
    await tell(peer, announced(next));
    expect(scene.height).toBe(12);
    expect(scene.rules).toContain('sync/wrong-block');
    expect(scene.transport.isBanned('peer')).toBe(true);
    expect(told(listener, 'blocks')).toBe(0);
    // The header is good: somebody else brings the body.
    const other = await scene.greeted('other', having(next));
    await tell(other, { ...announced(next), salt: salt.map(() => 1) });
    expect(scene.height).toBe(13);
  });

  test('a header without work: rejected before anything is asked for', async () => {
    const peer = await scene.greeted('peer');
    const bad = chain.draft([], { work: 'missing' });
    const before = peer.asked.length;
    await tell(peer, announced(bad));
    expect(scene.rules).toEqual(['header/proof-of-work']);
    expect(peer.asked).toHaveLength(before);
    expect(scene.transport.isBanned('peer')).toBe(true);
  });

  test('a header whose bits are no target', async () => {
    const peer = await scene.greeted('peer');
    const header = announced(next).header.slice();
    header.fill(0xff, 72, 76);
    await tell(peer, { ...announced(next), header });
    expect(scene.rules).toEqual(['header/bits']);
    expect(scene.transport.isBanned('peer')).toBe(true);
  });

  test('a coinbase the header does not commit to', async () => {
    const peer = await scene.greeted('peer');
    await tell(peer, { ...announced(next), coinbase: (chain.at(4).block as KnownBlock).coinbaseBytes });
    expect(scene.rules).toEqual(['sync/announcement-root']);
  });

  test('short ids that are no whole number of them', async () => {
    const peer = await scene.greeted('peer');
    await tell(peer, { ...announced(next), shortIds: new Uint8Array(7) });
    expect(scene.rules).toEqual(['sync/short-ids']);
  });

  test('real work under a body that breaks a rule: banned, and nobody hears of it', async () => {
    const bad = chain.draft([], { coinbase: { subsidy: 1n << 40n } });
    const listener = await scene.greeted('listener');
    const peer = await scene.greeted('peer', having(bad));
    await tell(peer, announced(bad));
    expect(scene.height).toBe(12);
    expect(scene.transport.isBanned('peer')).toBe(true);
    expect(told(listener, 'blocks')).toBe(0);
    // The chain goes on.
    const good = await scene.greeted('good', having(next));
    await tell(good, announced(next));
    expect(scene.height).toBe(13);
  });

  test('the same block again and again is ignored', async () => {
    const peer = await scene.greeted('peer', having(next));
    const listener = await scene.greeted('listener');
    for (let at = 0; at < 5; at++) await tell(peer, { ...announced(next), salt: salt.map(() => at) });
    expect(told(listener, 'blocks')).toBe(1);
    expect(scene.rules).toEqual([]);
  });

  test('a block on an old branch costs nothing', async () => {
    const behind = await Scene.open(chain, { height: 12, keptBehindBlocks: 3 });
    const fork = newTestChain();
    const side = fork.draft([], { header: { time: fork.tip.block.header.time + 3 } });
    const peer = await behind.greeted('peer');
    peer.transport.publish('blocks', encodeMessage('blockAnnouncement', announced(side)));
    await behind.run(300);
    expect(behind.rules).toEqual(['sync/low-work']);
    expect(behind.node.chain.tree.size).toBe(13);
    await behind.close();
  });

  test('a block whose parent is unknown brings the parent from its sender', async () => {
    const ahead = newTestChain();
    for (const block of blocksOf(chain)) ahead.add(block);
    ahead.mineTo(15);
    const last = ahead.at(15).block;
    const peer = await scene.greeted('peer', answersOf(ahead));
    await tell(peer, announced(last));
    await scene.run(5_000, () => scene.height === 15);
    expect(scene.height).toBe(15);
    expect(scene.engine.status().orphans).toBe(0);
  });

  test('orphans need work of their own, and are few', async () => {
    const peer = await scene.greeted('peer');
    const orphan = (nonce: number): BlockAnnouncement => {
      const previous = new Uint8Array(32).fill(9);
      const header = encodeHeader({ ...next.header, previous, nonce });
      return { ...announced(next), header };
    };
    const isEasy = ({ header }: BlockAnnouncement): boolean =>
      ((law.crypto.sha256d(header)[31] as number) & 0x80) === 0;
    const all = Array.from({ length: 200 }, (_, nonce) => orphan(nonce));
    for (const each of all.filter(isEasy)) await tell(peer, each);
    expect(scene.engine.status().orphans).toBe(8);
    expect(scene.transport.isConnected('peer')).toBe(true);
    await tell(peer, all.find((each) => !isEasy(each)) as BlockAnnouncement);
    expect(scene.rules.at(-1)).toBe('header/proof-of-work');
    expect(scene.transport.isBanned('peer')).toBe(true);
    expect(scene.engine.status().orphans).toBe(0);
  });

  test('an own block is told, once', async () => {
    const listener = await scene.greeted('listener');
    await scene.node.access.submitBlock(next.bytes);
    await scene.run(300);
    expect(told(listener, 'blocks')).toBe(1);
    const bytes = listener.heard[0]?.bytes as Uint8Array;
    const decoded = decodeMessageOf('blockAnnouncement', bytes);
    expect(decoded).toEqual({ ok: true, value: announced(next) });
  });

  test('an own block is told, and transactions are taken, while somebody keeps back the body of a header', async () => {
    const rival = chain.draft([], { header: { time: next.header.time + 1 } });
    const never = (): Promise<Uint8Array> => new Promise(() => undefined);
    const claim = { tip: rival.id, height: 13, work: 1n << 60n };
    await scene.greeted('silent', { ...having(rival), getBlocks: never }, claim);
    const waiting = pay(3);
    const listener = await scene.greeted('listener', {
      getTransactions: ({ ids }) =>
        encodeMessage('transactions', {
          transactions: ids.map(
            (id) => [...transactions, waiting].find((each) => each.id === id)?.bytes ?? salt,
          ),
        }),
    });
    await scene.run(200);
    expect(scene.engine.status().isSyncing).toBe(true);
    await scene.node.access.submitBlock(next.bytes);
    await scene.run(300);
    expect(told(listener, 'blocks')).toBe(1);
    listener.transport.publish('transactions', encodeMessage('transactionIds', { ids: [waiting.id] }));
    await scene.run(500);
    expect(scene.node.mempool.count).toBe(1);
  });

  test('who tells a block and does not give it: those who have it are asked at once', async () => {
    const peer = await scene.greeted('peer', {
      ...having(next),
      getBlockTransactions: () => new Uint8Array(),
      getBlocks: () => new Uint8Array(),
    });
    await scene.greeted('other', having(next));
    await tell(peer, announced(next));
    await scene.run(2_000, () => scene.height === 13);
    expect(scene.height).toBe(13);
  });

  test('a block this node refuses for reasons of its own: nobody is to blame', async () => {
    scene.node.access.submitBlock = () =>
      Promise.resolve({ ok: false, violation: { rule: 'node/low-work-headers' } });
    const peer = await scene.greeted('peer', having(next));
    await tell(peer, announced(next));
    expect(scene.rules).toEqual([]);
    expect(scene.transport.isConnected('peer')).toBe(true);
  });

  test('a block that waited for its parent is told like any other', async () => {
    const ahead = newTestChain();
    for (const block of blocksOf(chain)) ahead.add(block);
    ahead.mineTo(14);
    const [parent, last] = [ahead.at(13).block, ahead.at(14).block];
    const listener = await scene.greeted('listener');
    const peer = await scene.greeted('peer', { ...answersOf(ahead), getHeaders: () => new Uint8Array() });
    await tell(peer, announced(last));
    expect(scene.engine.status().orphans).toBe(1);
    await tell(peer, announced(parent));
    await scene.run(500);
    expect(scene.height).toBe(14);
    expect(told(listener, 'blocks')).toBe(2);
  });
});

describe('announced transactions', () => {
  const [first, second, third] = transactions as [KnownTransaction, KnownTransaction, KnownTransaction];
  const byId = new Map<TxId, Uint8Array>([first, second, third].map(({ id, bytes }) => [id, bytes]));
  const giving = (known = byId): Answers => ({
    getTransactions: ({ ids }) =>
      encodeMessage('transactions', { transactions: ids.map((id) => known.get(id) ?? new Uint8Array()) }),
  });
  const ids = (...each: readonly KnownTransaction[]): Uint8Array =>
    encodeMessage('transactionIds', { ids: each.map(({ id }) => id) });

  test('fetched once, taken, passed on as they came', async () => {
    const peer = await scene.greeted('peer', giving());
    const listener = await scene.greeted('listener');
    peer.transport.publish('transactions', ids(first, second));
    await scene.run(1_000);
    expect(scene.node.mempool.count).toBe(2);
    expect(told(listener, 'transactions')).toBe(1);
    // Told again among others, only the other is fetched, and only it is told.
    peer.transport.publish('transactions', ids(second, third));
    await scene.run(1_000);
    expect(peer.asked.filter((name) => name === 'getTransactions')).toHaveLength(2);
    expect(scene.node.mempool.count).toBe(3);
    expect(listener.heard.at(-1)?.bytes).toEqual(ids(third));
  });

  test('who does not answer is asked no more: another one is', async () => {
    const mute = await scene.greeted('mute', { getTransactions: () => new Promise(() => undefined) });
    await scene.greeted('other', giving());
    mute.transport.publish('transactions', ids(first));
    await scene.run(30_000, () => scene.node.mempool.count === 1);
    expect(scene.node.mempool.count).toBe(1);
    expect(scene.rules).toEqual(['sync/timeout']);
  });

  test('another transaction than the one told', async () => {
    const peer = await scene.greeted('peer', giving(new Map([[first.id, second.bytes]])));
    peer.transport.publish('transactions', ids(first));
    await scene.run(500);
    expect(scene.rules).toEqual(['sync/wrong-transaction']);
    expect(scene.node.mempool.count).toBe(0);
  });

  test('a signature that never was good is the sender’s fault, and nobody hears of it', async () => {
    const bytes = first.bytes.slice();
    bytes[bytes.length - 1] = (bytes[bytes.length - 1] as number) ^ 1;
    const id = transactionId(law, bytes);
    const listener = await scene.greeted('listener');
    const peer = await scene.greeted('peer', giving(new Map([[id, bytes]])));
    peer.transport.publish('transactions', encodeMessage('transactionIds', { ids: [id] }));
    await scene.run(500);
    expect(scene.refusals).toMatchObject([{ rule: 'tx/signature', weight: 50 }]);
    expect(told(listener, 'transactions')).toBe(0);
  });

  test('two that spend the same: the second is refused, nobody is to blame', async () => {
    const twin = pay(0, 'twin');
    const peer = await scene.greeted('peer', giving(new Map([...byId, [twin.id, twin.bytes]])));
    const listener = await scene.greeted('listener');
    peer.transport.publish('transactions', ids(first));
    await scene.run(500);
    peer.transport.publish('transactions', ids(twin));
    await scene.run(500);
    expect(scene.node.mempool.count).toBe(1);
    expect(scene.refusals).toHaveLength(1);
    expect(scene.refusals[0]?.weight).toBe(0);
    expect(told(listener, 'transactions')).toBe(1);
  });

  test('more than was asked for', async () => {
    const all = [...byId.values()];
    const peer = await scene.greeted('peer', {
      getTransactions: () => encodeMessage('transactions', { transactions: all }),
    });
    peer.transport.publish('transactions', ids(first));
    await scene.run(500);
    expect(scene.rules).toEqual(['sync/too-many-answers']);
  });

  test('what waits with a peer is fetched when it comes', async () => {
    const waiting = encodeMessage('waiting', { ids: [first.id, second.id] });
    await scene.greeted('peer', { ...giving(), getWaiting: () => waiting });
    await scene.run(500);
    expect(scene.node.mempool.count).toBe(2);
  });

  test('an own transaction is told by its id', async () => {
    const listener = await scene.greeted('listener');
    await scene.node.access.submitTransaction(first.bytes);
    await scene.run(500);
    expect(listener.heard.at(-1)?.bytes).toEqual(ids(first));
  });
});
