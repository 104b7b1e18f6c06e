import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { createLaw, type Law } from '#chain';
import { contractsModule } from '#contracts';
import { nativeCrypto } from '#crypto-native';
import { AppError } from '#errors';
import { fastDevnet, type MemoryChain } from '../../../chain/testing/memory-chain.js';
import { snapshotState } from '../../../chain/testing/state-snapshot.js';
import type { ChainStore, Connection } from '../storage/chain-store.js';
import { createMemoryChainStore } from '../storage/memory-chain-store.js';
import { forkAt, grow, newChain } from '../testing/forks.js';
import { ChainManager } from './chain-manager.js';

/** A store whose writes wait to be let through, and may find the disk full. */
class HeldStore {
  readonly batches: number[] = [];
  private waiting: (() => void)[] = [];
  private isHeld = false;
  isFull = false;
  readonly store: ChainStore;

  constructor(inner: ChainStore) {
    this.store = new Proxy(inner, {
      get: (target, name) => {
        if (name === 'appendMain') return (batch: readonly Connection[]) => this.append(target, batch);
        const value = target[name as keyof ChainStore];
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
  }

  hold(): void {
    this.isHeld = true;
  }

  letThrough(): void {
    this.isHeld = false;
    for (const go of this.waiting.splice(0)) go();
  }

  private async append(inner: ChainStore, batch: readonly Connection[]): Promise<void> {
    if (this.isHeld) await new Promise<void>((resolve) => this.waiting.push(resolve));
    if (this.isFull) {
      throw new AppError({
        code: 'ledger/store-failed',
        message: 'the disk is full',
        data: { reason: 'SQLITE_FULL' },
      });
    }
    this.batches.push(batch.length);
    await inner.appendMain(batch);
  }
}

describe('group commit', () => {
  const law: Law = createLaw(fastDevnet, nativeCrypto, [contractsModule]);
  let chain: MemoryChain;
  let manager: ChainManager;
  let held: HeldStore;

  beforeEach(async () => {
    chain = newChain();
    chain.fund(1_000n, chain.wallet('x'), chain.wallet('y'));
    chain.mineTo(40);
    const store = createMemoryChainStore();
    manager = await open(store);
    held = new HeldStore(store);
    manager = await open(held.store);
  });
  afterEach(async () => {
    held.letThrough();
    await manager.idle();
  });

  function open(store: ChainStore): Promise<ChainManager> {
    return ChainManager.open({
      law,
      store,
      verifyBatch: async (checks) => nativeCrypto.verifyBatch(checks),
      clock: () => chain.tip.block.header.time + 1_000,
    });
  }

  const submit = (height: number, from = chain) => manager.submitBlock(from.at(height).block.bytes);

  /** Until a condition holds, which other turns of the event loop bring about. */
  async function until(condition: () => boolean): Promise<void> {
    const end = Date.now() + 10_000;
    while (!condition()) {
      if (Date.now() > end) throw new Error('it never came to that');
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  async function expectStateOf(height: number): Promise<void> {
    expect(manager.tip.id).toBe(chain.at(height).block.id);
    expect(snapshotState(law, manager.state)).toEqual(forkAt(chain, height).snapshot());
    const root = await manager.readStateTree((tree) => tree.root);
    expect(root).toEqual(forkAt(chain, height).supplement().stateRoot);
    expect(manager.tipSupplement().stateRoot).toEqual(root);
  }

  it('a wait for rest that came to nothing leaves nothing running', async () => {
    held.hold();
    const first = submit(1);
    for (let count = 0; count < 3; count++) await manager.rest(10);
    const second = submit(2);
    await until(() => manager.aheadCount === 2);
    const waits = jest.spyOn(Promise, 'allSettled');
    held.letThrough();
    held.hold();
    await first;
    await until(() => held.batches.length === 1);
    expect(waits).not.toHaveBeenCalled();
    waits.mockRestore();
    held.letThrough();
    await second;
  });

  it('blocks applied while a write is under way share the next one', async () => {
    held.hold();
    const told: number[] = [];
    manager.onChange(({ joined }) => told.push(joined.length));
    const all = Array.from({ length: 40 }, (_, index) => submit(index + 1));
    await until(() => manager.aheadCount === 40);
    // Nobody sees what is not written.
    expect([manager.tip.height, told]).toEqual([0, []]);
    expect(manager.headers.best.height).toBe(40);
    held.letThrough();
    expect((await Promise.all(all)).every(({ ok }) => ok)).toBe(true);
    expect(held.batches.length).toBeLessThan(5);
    expect(held.batches.reduce((sum, count) => sum + count)).toBe(40);
    expect(told).toEqual(held.batches);
    await expectStateOf(40);
  });

  it('a disk that is full takes memory back to what is written; the same blocks are taken later', async () => {
    await submit(1);
    held.hold();
    held.isFull = true;
    const told: number[] = [];
    manager.onChange(({ joined }) => told.push(joined.length));
    const all = Array.from({ length: 30 }, (_, index) => submit(index + 2));
    await until(() => manager.aheadCount > 10);
    held.letThrough();
    const outcomes = await Promise.allSettled(all);
    for (const outcome of outcomes) {
      // Not one of them is anybody's fault.
      expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'ledger/store-failed' } });
    }
    expect(told).toEqual([]);
    await expectStateOf(1);
    held.isFull = false;
    const again = await Promise.all(Array.from({ length: 39 }, (_, index) => submit(index + 2)));
    expect(again.map((result) => result.ok && result.value.outcome)).toEqual(Array(39).fill('extended'));
    await expectStateOf(40);
  });

  it('nothing of what was lost is left: another block takes the place of the first', async () => {
    await submit(1);
    held.isFull = true;
    await Promise.allSettled(Array.from({ length: 10 }, (_, index) => submit(index + 2)));
    held.isFull = false;
    const other = forkAt(chain, 1);
    const spent = other.transfer(other.wallet('x'), other.wallet('y').account, 700n);
    grow(other, [spent], { coinbase: { miner: other.wallet('other miner').account } });
    other.mineTo(8);
    for (let height = 2; height <= 8; height++) expect((await submit(height, other)).ok).toBe(true);
    chain = other;
    await expectStateOf(8);
  });

  it('a bad block in the middle stops those after it, and none before it', async () => {
    const bad = forkAt(chain, 20);
    const broken = bad.draft([], { coinbase: { fees: 1n } });
    const before = Array.from({ length: 20 }, (_, index) => submit(index + 1));
    const middle = manager.submitBlock(broken.bytes);
    const after = [21, 22, 23].map((height) => submit(height));
    expect((await Promise.all(before)).every(({ ok }) => ok)).toBe(true);
    expect(await middle).toMatchObject({ ok: false, violation: { rule: 'coinbase/fees' } });
    expect((await Promise.all(after)).every(({ ok }) => ok)).toBe(true);
    await expectStateOf(23);
  });

  it('a heavier branch in the middle of blocks that are not written yet', async () => {
    const fork = forkAt(chain, 10);
    grow(fork, [], { coinbase: { miner: fork.wallet('other miner').account } });
    fork.mineTo(16);
    const results = await Promise.all([
      ...Array.from({ length: 12 }, (_, index) => submit(index + 1)),
      ...[11, 12, 13, 14, 15, 16].map((height) => submit(height, fork)),
      submit(13),
    ]);
    expect(results.slice(12).map((result) => result.ok && result.value.outcome)).toEqual([
      'side',
      'side',
      'reorganized',
      'extended',
      'extended',
      'extended',
      'side',
    ]);
    chain = fork;
    await expectStateOf(16);
  });

  it('the same block from several sides is written once', async () => {
    const outcomes = await Promise.all([submit(1), submit(1), submit(1)]);
    expect(outcomes.map((result) => result.ok && result.value.outcome)).toEqual([
      'extended',
      'known',
      'known',
    ]);
    expect(held.batches).toEqual([1]);
  });

  it('writes nothing more once it is halted', async () => {
    await submit(1);
    manager.halt();
    await expect(submit(2)).rejects.toMatchObject({ code: 'ledger/closed' });
    expect(held.batches).toEqual([1]);
  });
});
