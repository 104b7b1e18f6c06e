import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { AccountId } from '#chain';
import { splitReward, takeWindow } from './reward-split.js';

const account = fc.integer({ min: 0, max: 9 }).map((number) => `${number}`.repeat(40) as AccountId);
const hashes = fc.bigInt({ min: 1n, max: 2n ** 70n });
const reward = fc.bigInt({ min: 0n, max: 2n ** 63n - 1n });
const feeBps = fc.bigInt({ min: 0n, max: 10_000n });
const sum = (values: Iterable<bigint>): bigint => [...values].reduce((total, value) => total + value, 0n);

describe('a reward', () => {
  test('is divided without a remainder: credits, fee and dust are all of it, and nobody gets more than his part', () => {
    fc.assert(
      fc.property(
        reward,
        feeBps,
        fc.uniqueArray(fc.tuple(account, hashes), { selector: ([id]) => id }),
        (amount, bps, list) => {
          const weights = new Map(list);
          const { credits, fee, dust } = splitReward(amount, bps, weights);
          expect(sum(credits.values()) + fee + dust).toBe(amount);
          const total = sum(weights.values());
          for (const [id, credit] of credits)
            expect(credit * total <= (amount - fee) * weights.get(id)!).toBe(true);
          if (weights.size > 0) expect(dust < BigInt(weights.size)).toBe(true);
        },
      ),
    );
  });

  test('goes by hashes, the fee first', () => {
    const weights = new Map([
      ['a'.repeat(40) as AccountId, 3n],
      ['b'.repeat(40) as AccountId, 1n],
    ]);
    const { credits, fee, dust } = splitReward(1_003n, 100n, weights);
    expect([fee, [...credits.values()], dust]).toEqual([10n, [744n, 248n], 1n]);
  });

  test('without any share stays with the pool', () => {
    expect(splitReward(7n, 0n, new Map())).toEqual({ credits: new Map(), fee: 0n, dust: 7n });
  });
});

describe('the window of the last shares', () => {
  test('holds exactly so many hashes, or all there are, and prefers the newest', () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ account, hashes }), { maxLength: 40 }),
        hashes,
        (newestFirst, window) => {
          const weights = takeWindow(newestFirst, window);
          const all = sum(newestFirst.map((share) => share.hashes));
          expect(sum(weights.values())).toBe(all < window ? all : window);
          const [newest] = newestFirst;
          if (newest === undefined) return;
          const counted = newest.hashes < window ? newest.hashes : window;
          expect(weights.get(newest.account)! >= counted).toBe(true);
        },
      ),
    );
  });
});
