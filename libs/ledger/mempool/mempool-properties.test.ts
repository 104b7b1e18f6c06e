import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  accountPot,
  applyTransaction,
  type BlockView,
  type KnownTransaction,
  openBlockView,
  type TxId,
} from '#chain';
import type { MemoryChain } from '../../../chain/testing/memory-chain.js';
import type { BlockNode } from '../chain/block-tree.js';
import type { ChainChange } from '../chain/chain-listener.js';
import { newChain } from '../testing/forks.js';
import { Mempool } from './mempool.js';
import { DEFAULT_MEMPOOL_POLICY, type MempoolPolicy } from './mempool-policy.js';

const NAMES = ['a', 'b', 'c', 'd'] as const;
const policy: MempoolPolicy = {
  ...DEFAULT_MEMPOOL_POLICY,
  maxPerAccount: 5,
  maxSizeBytes: 14 * 150,
  maxReplacementsPerBlock: 3,
  expiryBlocks: 5,
};

const spend = fc.record({
  from: fc.nat({ max: 3 }),
  to: fc.nat({ max: 3 }),
  amount: fc.oneof(fc.bigInt({ min: 0n, max: 500n }), fc.bigInt({ min: 0n, max: 4_000n })),
  lane: fc.nat({ max: 1 }),
  /** How far behind the lane's next number: above 0 means to replace. */
  back: fc.nat({ max: 2 }),
  feePerByte: fc.integer({ min: 0, max: 5 }).map((power) => 2n ** BigInt(power)),
  isAnchor: fc.boolean(),
});
const pick = fc.record({ modulus: fc.integer({ min: 1, max: 4 }), most: fc.nat({ max: 8 }) });
const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('submit' as const), spend }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('block' as const), pick, foreign: fc.option(spend) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('reorg' as const),
      depth: fc.integer({ min: 1, max: 3 }),
      pick,
      foreign: fc.option(spend),
    }),
  },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;
type Spend = typeof spend extends fc.Arbitrary<infer T> ? T : never;
type Pick = typeof pick extends fc.Arbitrary<infer T> ? T : never;

/** A pool on a chain of the bare law, what it said it dropped, and everything it ever took in. */
class Scene {
  readonly chain: MemoryChain = newChain();
  readonly wallets = NAMES.map((name) => this.chain.wallet(name));
  readonly mempool: Mempool;
  readonly dropped = new Set<TxId>();
  readonly taken = new Map<TxId, KnownTransaction>();
  readonly counts = { replaced: 0, dropped: 0, reorgs: 0 };

  constructor() {
    this.chain.fund(9_000n, ...this.wallets);
    this.mempool = new Mempool({
      law: this.chain.law,
      chain: {
        state: this.chain.state,
        tip: ((chain) => ({
          get height() {
            return chain.height;
          },
        }))(this.chain),
        tipSupplement: () => this.chain.supplement(),
      },
      verifyBatch: async (checks) => checks.map(() => true),
      policy,
      onDropped: (ids) => {
        for (const id of ids) this.dropped.add(id);
      },
    });
  }

  sign({ from, to, amount, lane, feePerByte, isAnchor }: Spend, sequence: bigint): KnownTransaction {
    const wallet = this.wallets[from]!;
    const recipient = this.wallets[to === from ? (to + 1) % 4 : to]!;
    const build = (fee: bigint): KnownTransaction =>
      isAnchor
        ? this.chain.sign(
            wallet,
            'anchor',
            { slot: 'log', sequence: sequence + 1n, pointer: new Uint8Array(3) },
            { lane: 0, sequence, fee },
          )
        : this.chain.transfer(wallet, recipient.account, amount, { lane, sequence, fee });
    return build(BigInt(build(0n).bytes.length) * feePerByte);
  }

  async submit(wish: Spend): Promise<void> {
    const lane = wish.isAnchor ? 0 : wish.lane;
    const next = this.mempool.nextSequence(this.wallets[wish.from]!.account, lane);
    const sequence = next > BigInt(wish.back) ? next - BigInt(wish.back) : next;
    const known = this.sign(wish, sequence);
    const before = new Set([...this.mempool.transactions()].map(({ id }) => id));
    const sizeBefore = this.mempool.sizeBytes;
    const result = await this.mempool.submit(known.bytes);
    const left = [...before].filter((id) => this.mempool.get(id) === undefined);
    if (!result.ok) {
      if (result.violation.rule.startsWith('mempool/replacement')) expect(left).toEqual([]);
      // A refusal for want of coins or order costs nobody anything.
      if (!result.violation.rule.startsWith('mempool/')) expect(left).toEqual([]);
      return;
    }
    this.taken.set(known.id, known);
    this.dropped.delete(known.id);
    const isReplacement = sequence < next;
    if (isReplacement && result.value.isNew) this.counts.replaced += 1;
    // Somebody left only for a replacement or for want of room.
    if (left.length > 0)
      expect(isReplacement || sizeBefore + known.bytes.length > policy.maxSizeBytes).toBe(true);
  }

  /** Mines some of what waits, and something the pool never saw. */
  mine({ modulus, most }: Pick, foreign: Spend | null): KnownTransaction[] {
    const some = this.mempool
      .candidates()
      .filter((_, index) => index % modulus === 0)
      .slice(0, most);
    const strangers: KnownTransaction[] = [];
    if (foreign !== null) {
      const lane = foreign.isAnchor ? 0 : foreign.lane;
      strangers.push(this.sign(foreign, this.chain.nextSequence(this.wallets[foreign.from]!, lane)));
    }
    const block = this.chain.draft([...strangers, ...some]);
    const added = this.chain.add(block);
    if (!added.ok) throw new Error(added.violation.rule);
    return [...block.transactions];
  }

  tell(left: ChainChange['left'], fromHeight: number): void {
    const joined = [];
    for (let height = fromHeight; height <= this.chain.height; height++) {
      const entry = this.chain.at(height);
      joined.push({ node: { height } as BlockNode, block: entry.block, applied: entry });
    }
    this.mempool.chainChanged({ fork: { height: fromHeight - 1 } as BlockNode, left, joined });
  }

  async run(one: Step): Promise<void> {
    this.dropped.clear();
    if (one.do === 'submit') return this.submit(one.spend);
    const waiting = new Map([...this.mempool.transactions()].map((known) => [known.id, known]));
    const firstHeight =
      one.do === 'reorg' ? Math.max(2, this.chain.height + 1 - one.depth) : this.chain.height + 1;
    const left: ChainChange['left'][number][] = [];
    while (this.chain.height >= firstHeight) {
      const { diff } = this.chain.tip;
      const block = this.chain.revertTip();
      left.unshift({ node: { height: this.chain.height + 1 } as BlockNode, block, diff });
      for (const known of block.transactions) waiting.set(known.id, known);
    }
    for (const _ of left) this.mine(one.pick, null);
    this.mine(one.pick, one.foreign);
    if (left.length > 0) this.counts.reorgs += 1;
    this.tell(left, firstHeight);
    this.checkNothingLost(waiting, left.length > 0);
  }

  /** What waited is confirmed, waits still, or could not: it is too old, or breaks a rule after all that waits. */
  private checkNothingLost(waiting: ReadonlyMap<TxId, KnownTransaction>, wasReorg: boolean): void {
    const confirmed = new Set<TxId>();
    for (let height = 1; height <= this.chain.height; height++)
      for (const { id } of this.chain.at(height).block.transactions) confirmed.add(id);
    for (const [id, known] of waiting) {
      if (confirmed.has(id)) {
        expect(this.mempool.get(id)).toBeUndefined();
        continue;
      }
      if (this.mempool.get(id) !== undefined) continue;
      expect(this.dropped.has(id)).toBe(true);
      this.counts.dropped += 1;
      const view = this.freshView();
      const holds = applyTransaction(this.chain.law, view, known) === undefined;
      const isFull = this.mempool.sizeBytes + known.bytes.length > policy.maxSizeBytes;
      if (holds && !isFull && !this.isOld(id))
        throw new Error(`lost after ${wasReorg ? 'a reorg' : 'a block'}: ${id}`);
    }
  }

  /** Submission height is not kept here: old enough is whoever waited for as many blocks as the pool allows. */
  private readonly firstSeen = new Map<TxId, number>();
  private isOld(id: TxId): boolean {
    return this.chain.height - (this.firstSeen.get(id) ?? 0) >= policy.expiryBlocks;
  }

  /** The law's own view after everything that waits, in the pool's order. */
  freshView(): BlockView {
    const view = openBlockView(this.chain.law, this.chain.state, this.chain.supplement());
    for (const known of this.mempool.transactions()) {
      const violation = applyTransaction(this.chain.law, view, known);
      if (violation !== undefined) throw new Error(`waits and does not apply: ${violation.rule}`);
    }
    return view;
  }

  check(): void {
    const { mempool, chain } = this;
    const waiting = [...mempool.transactions()];
    for (const { id } of waiting) if (!this.firstSeen.has(id)) this.firstSeen.set(id, chain.height);
    const view = this.freshView();
    for (const wallet of this.wallets) {
      const pot = accountPot(wallet.account);
      expect(mempool.pendingBalance(pot)).toBe(view.balance(pot));
      const mine = waiting.filter(({ account }) => account === wallet.account);
      expect(mine.length).toBeLessThanOrEqual(policy.maxPerAccount + this.returnedOf(mine));
    }
    const sizeBytes = waiting.reduce((sum, { bytes }) => sum + bytes.length, 0);
    expect(mempool.sizeBytes).toBe(sizeBytes);
    expect(mempool.count).toBe(waiting.length);
    expect(sizeBytes).toBeLessThanOrEqual(policy.maxSizeBytes);
    const candidates = mempool.candidates();
    expect(new Set(candidates)).toEqual(new Set(waiting));
    // A template takes them all: nothing waits that a block could not hold. Best payers first, one may have to wait for
    // coins that come later in the list, and so may the next: each pass over all of them takes one more at least.
    const taken = (passes: readonly KnownTransaction[]): number =>
      chain.template([...candidates, ...passes]).transactions.length;
    if (taken(waiting) < waiting.length)
      expect(taken(waiting.flatMap(() => waiting))).toBeGreaterThanOrEqual(waiting.length);
    const { minFeePerByte, next, soon, economy } = mempool.feeEstimate();
    const prices = [minFeePerByte, economy.feePerByte, soon.feePerByte, next.feePerByte].map(BigInt);
    expect(prices).toEqual([...prices].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0)));
  }

  /** Those that came back from a branch come on top of the limit: they had been taken once. */
  private returnedOf(mine: readonly KnownTransaction[]): number {
    return this.counts.reorgs > 0 ? mine.length : 0;
  }
}

describe('whatever is submitted, replaced, mined and reorganised', () => {
  it('all that waits applies in order on the tip, limits hold, nothing is lost that could stay', async () => {
    const totals = { replaced: 0, dropped: 0, reorgs: 0 };
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40 }), async (steps) => {
        const scene = new Scene();
        for (const one of steps) {
          await scene.run(one);
          scene.check();
        }
        for (const name of ['replaced', 'dropped', 'reorgs'] as const) totals[name] += scene.counts[name];
      }),
      { numRuns: 150 },
    );
    // The histories must have had it all, or they prove nothing.
    expect(totals.replaced).toBeGreaterThan(4);
    expect(totals.dropped).toBeGreaterThan(30);
    expect(totals.reorgs).toBeGreaterThan(50);
  }, 120_000);
});
