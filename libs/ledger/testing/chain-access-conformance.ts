import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type BlockId, decodeTransaction, HEADER_BYTES, type KnownBlock, type TxId } from '#chain';
import { concatBytes } from '#crypto';
import type { Result } from '#errors';
import type { MemoryChain } from '../../../chain/testing/memory-chain.js';
import type { ChainAccess, ChainAccessEvent } from '../chain-access.js';
import type { EmbeddedLedger } from '../embedded-ledger.js';
import { forkAt, grow, newChain } from './forks.js';
import { TestLedger } from './test-ledger.js';

/** An adapter under test, connected to a real ledger. */
export interface ConnectedAccess {
  readonly access: ChainAccess;
  close(): Promise<void>;
}

/** What every adapter of `ChainAccess` must do; `connect` puts the adapter in front of a ledger. */
export function describeChainAccess(
  name: string,
  connect: (ledger: EmbeddedLedger) => Promise<ConnectedAccess>,
): void {
  describe(`ChainAccess: ${name}`, () => {
    let test: TestLedger;
    let connected: ConnectedAccess;
    let access: ChainAccess;
    let chain: MemoryChain;

    beforeAll(async () => {
      test = await TestLedger.open();
      connected = await connect(test.ledger);
      access = connected.access;
      chain = newChain();
      chain.fund(1_000_000_000n, chain.wallet('x'));
      chain.mineTo(30);
      test.clock.seconds = chain.tip.block.header.time + 1_000;
    });
    afterAll(async () => {
      await connected?.close();
      await test?.close();
    });

    it('begins at the genesis block', async () => {
      const tip = await access.tip();
      expect(tip).toMatchObject({ height: 0, id: chain.at(0).block.id });
      expect(await access.bestHeader()).toEqual(tip);
      expect(await access.locator()).toEqual([tip.id]);
      expect(await access.missingBodies({ max: 10 })).toEqual([]);
      expect(await access.headersAfter({ locator: [], max: 10 })).toHaveLength(0);
    });

    it('takes headers before bodies, and names the bodies that are missing', async () => {
      const first = await access.submitHeaders(headersOf(chain, 1, 20));
      expect(first).toMatchObject({ ok: true, value: { added: 20, last: { height: 20 } } });
      // Overlapping ones are judged again and not counted twice.
      const second = await access.submitHeaders(headersOf(chain, 18, 30));
      expect(second).toMatchObject({
        ok: true,
        value: { added: 10, last: { height: 30, id: idAt(chain, 30) } },
      });
      expect(await access.bestHeader()).toMatchObject({ height: 30, id: idAt(chain, 30) });
      expect((await access.tip()).height).toBe(0);
      expect(await access.missingBodies({ max: 3 })).toEqual(
        [1, 2, 3].map((height) => ({ id: idAt(chain, height), height })),
      );
      expect((await access.missingBodies({ max: 100, towards: idAt(chain, 12) as BlockId })).at(-1)).toEqual({
        id: idAt(chain, 12),
        height: 12,
      });
      const point = await access.headerPoint(idAt(chain, 30) as BlockId);
      expect(point).toMatchObject({ height: 30, knowledge: 'header', bits: chain.tip.block.header.bits });
      expect(point?.recentTimesSeconds).toEqual(
        Array.from({ length: 11 }, (_, back) => chain.at(30 - back).block.header.time),
      );
      expect(await access.headerPoint('ab'.repeat(32) as BlockId)).toBeUndefined();
      const locator = await access.locator();
      expect(locator.slice(0, 3)).toEqual([30, 29, 28].map((height) => idAt(chain, height)));
      expect(locator.at(-1)).toBe(idAt(chain, 0));
      expect(locator.length).toBeLessThan(20);
    });

    it('refuses headers by their rule and looks at nothing after a bad one', async () => {
      const lazy = chain.draft([], { work: 'missing' });
      const alien = chain.draft([], { header: { previous: new Uint8Array(32).fill(7) } });
      const cases: readonly [Uint8Array, string][] = [
        [headerOf(lazy), 'header/proof-of-work'],
        [headerOf(alien), 'block/unknown-parent'],
        [headerOf(chain.tip.block).subarray(1), 'node/headers-length'],
        [new Uint8Array(0), 'node/headers-length'],
        [headerOf(chain.draft([], { header: { time: test.clock.seconds + 500 } })), 'node/time-too-new'],
      ];
      for (const [headers, rule] of cases) {
        expect(await access.submitHeaders(headers)).toMatchObject({ ok: false, violation: { rule } });
      }
      const good = chain.draft();
      const mixed = concatBytes(headerOf(lazy), headerOf(good));
      expect((await access.submitHeaders(mixed)).ok).toBe(false);
      expect(await access.knowledge([good.id])).toEqual(['unknown']);
    });

    it('connects blocks in the order given, many under way at once', async () => {
      const events: ChainAccessEvent[] = [];
      const stop = access.onEvent((event) => events.push(event));
      const blocks = heights(1, 24).map((height) => chain.at(height).block);
      const results = await Promise.all(blocks.map(({ bytes }) => access.submitBlock(bytes)));
      expect(results.map((result) => result.ok && result.value)).toEqual(
        blocks.map(({ id }, index) => ({ id, height: index + 1, outcome: 'extended' })),
      );
      expect(await access.tip()).toMatchObject({ height: 24, id: idAt(chain, 24) });
      expect(await access.missingBodies({ max: 100 })).toEqual(
        heights(25, 30).map((height) => ({ id: idAt(chain, height), height })),
      );
      stop();
      const tips = events.flatMap((event) => (event.type === 'tip' ? [event.tip.height] : []));
      expect(tips.at(-1)).toBe(24);
      expect(tips).toEqual([...tips].sort((a, b) => a - b));
    });

    it('says what it knows, and gives blocks and headers back as they came', async () => {
      const ids = [1, 30].map((height) => idAt(chain, height)) as BlockId[];
      expect(await access.knowledge([...ids, 'ab'.repeat(32) as BlockId])).toEqual([
        'body',
        'header',
        'unknown',
      ]);
      expect(await access.blockBytes(ids[0] as BlockId)).toEqual(chain.at(1).block.bytes);
      expect(await access.blockBytes(ids[1] as BlockId)).toBeUndefined();
      const locator = ['cd'.repeat(32), idAt(chain, 10), idAt(chain, 0)] as BlockId[];
      expect(await access.headersAfter({ locator, max: 5 })).toEqual(headersOf(chain, 11, 15));
      expect(await access.headersAfter({ locator, max: 500 })).toEqual(headersOf(chain, 11, 24));
    });

    it('a body that is not its header’s leaves the header good', async () => {
      const { block } = chain.at(25);
      const foreign = Uint8Array.from(block.bytes);
      foreign[foreign.length - 1] = (foreign.at(-1) as number) ^ 1;
      const other = chain.draft([chain.transfer(chain.faucet(), chain.miner.account, 7n)]);
      const swapped = concatBytes(block.bytes.subarray(0, HEADER_BYTES), other.bytes.subarray(HEADER_BYTES));
      for (const bytes of [foreign, swapped, block.bytes.subarray(0, -2)]) {
        expect((await access.submitBlock(bytes)).ok).toBe(false);
        expect(await access.knowledge([block.id])).toEqual(['header']);
      }
      expect(outcome(await access.submitBlock(block.bytes))).toBe('extended');
      expect(outcome(await access.submitBlock(block.bytes))).toBe('known');
    });

    it('a body before its parent’s is told so, and condemns nothing', async () => {
      const { block } = chain.at(28);
      expect(await access.submitBlock(block.bytes)).toMatchObject({
        ok: false,
        violation: { rule: 'block/unknown-parent', parent: idAt(chain, 27) },
      });
      expect(await access.knowledge([block.id])).toEqual(['header']);
    });

    it('a block that breaks a rule is invalid for good, and so is everything after it', async () => {
      const bad = forkAt(chain, 25);
      const broken = bad.draft([], { coinbase: { fees: 1n } });
      expect((await access.submitHeaders(headerOf(broken))).ok).toBe(true);
      expect(await access.submitBlock(broken.bytes)).toMatchObject({ violation: { rule: 'coinbase/fees' } });
      expect(await access.knowledge([broken.id])).toEqual(['invalid']);
      expect(await access.submitBlock(broken.bytes)).toMatchObject({
        violation: { rule: 'block/known-invalid' },
      });
      expect(await access.bestHeader()).toMatchObject({ id: idAt(chain, 30) });
    });

    it('moves to a heavier branch whose headers came first, in the middle of other blocks', async () => {
      for (const height of heights(26, 30)) await access.submitBlock(chain.at(height).block.bytes);
      const fork = forkAt(chain, 27);
      grow(fork, [], { coinbase: { miner: fork.wallet('other miner').account } });
      fork.mineTo(33);
      expect(await access.submitHeaders(headersOf(fork, 28, 33))).toMatchObject({ value: { added: 6 } });
      expect((await access.missingBodies({ max: 10 })).map(({ height }) => height)).toEqual(heights(28, 33));
      const moved: boolean[] = [];
      const stop = access.onEvent((event) => {
        if (event.type === 'tip') moved.push(event.isReorganization);
      });
      const results = await Promise.all(
        heights(28, 33).map((height) => access.submitBlock(fork.at(height).block.bytes)),
      );
      stop();
      expect(results.map(outcome)).toEqual(['side', 'side', 'side', 'reorganized', 'extended', 'extended']);
      expect(await access.tip()).toMatchObject({ id: idAt(fork, 33) });
      expect(moved[0]).toBe(true);
      expect(moved.slice(1)).not.toContain(true);
      expect(await access.knowledge([idAt(chain, 30) as BlockId])).toEqual(['body']);
      chain = fork;
    });

    it('takes transactions in once, tells of them, and gives them to peers', async () => {
      const told: TxId[] = [];
      const stop = access.onEvent((event) => {
        if (event.type === 'transaction') told.push(event.id);
      });
      const known = chain.transfer(chain.wallet('x'), chain.miner.account, 5n, { fee: 1_000n });
      expect(await access.submitTransaction(known.bytes)).toEqual({
        ok: true,
        value: { id: known.id, isNew: true },
      });
      expect(await access.submitTransaction(known.bytes)).toMatchObject({ value: { isNew: false } });
      const forged = Uint8Array.from(known.bytes);
      forged[forged.length - 1] = (forged.at(-1) as number) ^ 1;
      expect((await access.submitTransaction(forged)).ok).toBe(false);
      expect(await access.waitingIds()).toEqual([known.id]);
      const [bytes, none] = await access.waitingTransactions([known.id, 'ab'.repeat(32) as TxId]);
      expect(bytes && decodeTransaction(test.law, bytes)).toMatchObject({
        ok: true,
        value: { id: known.id },
      });
      expect(none).toBeUndefined();
      stop();
      expect(told).toEqual([known.id]);
    });

    it('an id that means nothing is no error', async () => {
      expect(await access.knowledge([])).toEqual([]);
      expect(await access.blockBytes('nothing' as BlockId)).toBeUndefined();
      expect(await access.missingBodies({ max: 5, towards: 'nothing' as BlockId })).toEqual([]);
    });
  });
}

function heights(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, index) => from + index);
}

function idAt(chain: MemoryChain, height: number): string {
  return chain.at(height).block.id;
}

function headerOf(block: KnownBlock): Uint8Array {
  return block.bytes.slice(0, HEADER_BYTES);
}

function headersOf(chain: MemoryChain, from: number, to: number): Uint8Array {
  return concatBytes(...heights(from, to).map((height) => headerOf(chain.at(height).block)));
}

function outcome(result: Result<{ readonly outcome: string }>): string {
  return result.ok ? result.value.outcome : result.violation.rule;
}
