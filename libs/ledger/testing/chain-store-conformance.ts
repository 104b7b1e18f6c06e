import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type BlockId, bitsToWork, decodeDiff, type KnownBlock } from '#chain';
import type { MemoryChain } from '../../../chain/testing/memory-chain.js';
import type { ChainStore, Connection } from '../storage/chain-store.js';
import { decodeEvents } from '../storage/event-codec.js';
import { forkAt, grow, newChain } from './forks.js';

/** A store under test: new, and able to come back as it does after a restart. */
export interface StoreUnderTest {
  readonly store: ChainStore;
  reopen(): Promise<ChainStore>;
  remove(): Promise<void>;
}

/** What every adapter of the `ChainStore` port must do. */
export function describeChainStore(name: string, create: () => Promise<StoreUnderTest>): void {
  describe(`ChainStore: ${name}`, () => {
    let under: StoreUnderTest;
    let store: ChainStore;
    let a: MemoryChain;
    let b: MemoryChain;

    beforeEach(async () => {
      under = await create();
      store = under.store;
      a = newChain();
      a.fund(1_000n, a.wallet('x'), a.wallet('y'));
      a.mineTo(3);
      b = forkAt(a, 1);
      grow(b, [], { coinbase: { miner: b.wallet('other miner').account } });
      b.mineTo(4);
    });
    afterEach(() => under.remove());

    /** The whole of `a` on the main chain, blocks 2 to 4 of `b` beside it. */
    async function fill(): Promise<void> {
      for (let height = 0; height <= a.height; height++) {
        await store.appendMain([connection(a, height)], height === 0 ? { network: 'here' } : {});
      }
      for (let height = 2; height <= b.height; height++) {
        await store.appendSide(b.at(height).block, connection(b, height).totalWork);
      }
    }

    async function checkMain(chain: MemoryChain): Promise<void> {
      expect(await store.tip()).toBe(chain.tip.block.id);
      const found = await collect(store.mainBlocks());
      expect(found.map(({ id }) => id)).toEqual(ids(chain));
      for (const stored of found) {
        const { block, diff, events } = chain.at(stored.height);
        expect(stored.bytes).toEqual(block.bytes);
        expect(decodeDiff(chain.law.namespaces, stored.undo as Uint8Array)).toEqual({
          ok: true,
          value: diff,
        });
        expect(decodeEvents(stored.events as Uint8Array)).toEqual(events);
      }
    }

    it('is empty when new', async () => {
      expect([...(await store.meta())]).toEqual([]);
      expect(await store.tip()).toBeUndefined();
      expect(await collect(store.places())).toEqual([]);
      expect(await collect(store.mainBlocks())).toEqual([]);
      expect(await store.pending()).toEqual([]);
    });

    it('gives back what was appended, also after a restart', async () => {
      await fill();
      const check = async () => {
        expect((await store.meta()).get('network')).toBe('here');
        await checkMain(a);
        const places = await collect(store.places());
        expect(places).toHaveLength(a.height + b.height);
        expect(new Set(places.map(({ id }) => id)).size).toBe(places.length);
        for (const [index, place] of places.entries()) {
          const isKnown = places.slice(0, index).some(({ id }) => id === place.parentId);
          expect(isKnown).toBe(place.height > 0);
        }
        const last = places.find(({ id }) => id === b.tip.block.id);
        expect(last).toMatchObject({ height: 4, isOnMain: false, status: 'stored', minted: null });
        expect(last?.header).toEqual(b.tip.block.bytes.slice(0, 80));
        expect(await store.body(b.tip.block.id)).toEqual(b.tip.block.bytes);
        expect(await store.block(b.tip.block.id)).toMatchObject({ undo: undefined, events: undefined });
        expect(await store.block(a.at(2).block.id)).toMatchObject({
          height: 2,
          isOnMain: true,
          status: 'applied',
          transactionCount: a.at(2).block.transactions.length,
          minted: a.at(2).minted.toString(),
        });
      };
      await check();
      store = await under.reopen();
      await check();
    });

    it('answers nothing for what it does not have', async () => {
      await fill();
      const unknown = 'ab'.repeat(32) as BlockId;
      expect(await store.block(unknown)).toBeUndefined();
      expect(await store.body(unknown)).toBeUndefined();
      expect(await collect(store.mainBlocks(a.height + 1))).toEqual([]);
      expect((await collect(store.mainBlocks(2))).map(({ height }) => height)).toEqual([2, 3]);
    });

    it('refuses a block twice, and keeps nothing of the attempt', async () => {
      await fill();
      await expect(store.appendMain([connection(a, 3)])).rejects.toThrow();
      await expect(store.appendSide(b.at(3).block, 1n)).rejects.toThrow();
      await checkMain(a);
      expect(await collect(store.places())).toHaveLength(a.height + b.height);
    });

    it('moves to another branch and back', async () => {
      await fill();
      await store.switchMain(blocks(a, 2), connections(b, 2));
      await checkMain(b);
      expect(await store.block(a.tip.block.id)).toMatchObject({ isOnMain: false, status: 'applied' });
      await store.switchMain(blocks(b, 2), connections(a, 2));
      store = await under.reopen();
      await checkMain(a);
    });

    it('what only the branch that was left held waits again, until a block takes it', async () => {
      const first = a.transfer(a.faucet(), a.wallet('z').account, 5n);
      const second = a.transfer(a.faucet(), a.wallet('z').account, 6n, { sequence: 3n });
      grow(a, [first]);
      grow(a, [second]);
      grow(b, [first]);
      b.mineTo(7);
      await store.addPending(first.id, first.bytes);
      await fill();
      expect(await store.pending()).toEqual([]);
      await store.switchMain(blocks(a, 2), connections(b, 2));
      expect(await store.pending()).toEqual([{ id: second.id, bytes: second.bytes }]);
      const next = grow(b, [second]);
      await store.appendMain([connection(b, next.coinbase.height)]);
      expect(await store.pending()).toEqual([]);
    });

    it('keeps what waits in the order it came', async () => {
      const waiting = Array.from({ length: 20 }, (_, index) =>
        a.transfer(a.faucet(), a.wallet('z').account, BigInt(index + 1), { sequence: 2n + BigInt(index) }),
      );
      await Promise.all(waiting.map(({ id, bytes }) => store.addPending(id, bytes)));
      await store.addPending(waiting[3]?.id as never, waiting[3]?.bytes as never);
      store = await under.reopen();
      expect((await store.pending()).map(({ id }) => id)).toEqual(waiting.map(({ id }) => id));
      await store.removePending(waiting.slice(1).map(({ id }) => id));
      expect(await store.pending()).toEqual([{ id: waiting[0]?.id, bytes: waiting[0]?.bytes }]);
    });

    it('keeps what is added again after it was removed, however busy it is', async () => {
      const known = a.transfer(a.faucet(), a.wallet('z').account, 1n, { sequence: 2n });
      await Promise.all([
        store.appendMain([connection(a, 0)], { network: 'here' }),
        store.addPending(known.id, known.bytes),
        store.removePending([known.id]),
        store.addPending(known.id, known.bytes),
      ]);
      expect(await store.pending()).toEqual([{ id: known.id, bytes: known.bytes }]);
    });

    it('remembers bad blocks', async () => {
      await fill();
      await store.markInvalid([b.at(3).block.id, b.at(4).block.id]);
      store = await under.reopen();
      const bad = (await collect(store.places())).filter(({ status }) => status === 'invalid');
      expect(bad.map(({ height }) => height)).toEqual([3, 4]);
    });

    it('forgets what old blocks did, and nothing else', async () => {
      await fill();
      expect(await store.pruneEffects(2)).toBe(2);
      expect(await store.pruneEffects(2)).toBe(0);
      const found = await collect(store.mainBlocks());
      expect(found.map(({ undo, events }) => undo !== undefined && events !== undefined)).toEqual([
        false,
        false,
        true,
        true,
      ]);
      expect(found.map(({ bytes }) => bytes)).toEqual(ids(a).map((_, height) => a.at(height).block.bytes));
      // A branch from before that brings its own again, to be forgotten in their turn.
      await store.pruneEffects(4);
      await store.switchMain(blocks(a, 2), connections(b, 2));
      expect(await store.pruneEffects(4)).toBe(2);
    });
  });
}

/** A block of a chain of the bare law as its ledger connects it. */
export function connection(chain: MemoryChain, height: number): Connection {
  let totalWork = 0n;
  for (let at = 0; at <= height; at++) totalWork += bitsToWork(chain.at(at).block.header.bits);
  const { block, diff, events, minted, burned } = chain.at(height);
  return { block, applied: { diff, events }, totalWork, minted, burned };
}

function connections(chain: MemoryChain, fromHeight: number): Connection[] {
  return heights(chain, fromHeight).map((height) => connection(chain, height));
}

function blocks(chain: MemoryChain, fromHeight: number): KnownBlock[] {
  return heights(chain, fromHeight).map((height) => chain.at(height).block);
}

function ids(chain: MemoryChain): BlockId[] {
  return heights(chain, 0).map((height) => chain.at(height).block.id);
}

function heights(chain: MemoryChain, from: number): number[] {
  return Array.from({ length: chain.height - from + 1 }, (_, index) => from + index);
}

async function collect<T>(source: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const item of source) found.push(item);
  return found;
}
