import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { createVariableDifficulty } from './variable-difficulty.js';

const wide = { min: 2 ** -31, max: 2 ** 60 };

/** Runs a machine of a hash rate against the difficulty, with shares as evenly spread as they can be. */
function simulate(hashRate: number, start: number, seconds: number, range = wide) {
  const difficulty = createVariableDifficulty({ start, sharesPerMinute: 20, range: () => range, nowMs: 0 });
  let shares = 0;
  let lastMinute = 0;
  let work = 0;
  for (let step = 1; step <= seconds * 100; step++) {
    const nowMs = step * 10;
    work += hashRate / 100;
    // A share may not exist in less than the answer to the one before: at most ten in a step.
    for (let burst = 0; burst < 10 && work >= difficulty.current * 2 ** 32; burst++) {
      work -= difficulty.current * 2 ** 32;
      shares += 1;
      if (nowMs > (seconds - 60) * 1_000) lastMinute += 1;
      difficulty.shareAccepted(nowMs);
    }
    work = Math.min(work, difficulty.current * 2 ** 32 * 10);
    if (step % 100 === 0) difficulty.tick(nowMs);
  }
  return { difficulty: difficulty.current, shares, lastMinute };
}

describe('variable difficulty', () => {
  test.each([
    ['a processor', 5e6],
    ['a graphics card', 5e9],
    ['a large machine', 2e14],
  ])('brings %s to about the wanted rate, from far below and from far above', (_name, hashRate) => {
    for (const start of [2 ** -20, 1, 2 ** 30]) {
      const { lastMinute } = simulate(hashRate, start, 1_200);
      expect([start, lastMinute]).toEqual([start, expect.any(Number)]);
      expect(lastMinute).toBeGreaterThanOrEqual(10);
      expect(lastMinute).toBeLessThanOrEqual(40);
    }
  });

  test('a large machine at a small difficulty floods nobody for long', () => {
    expect(simulate(1e14, 1, 60).shares).toBeLessThan(200);
  });

  test('stays where the rate is right', () => {
    const difficulty = createVariableDifficulty({
      start: 8,
      sharesPerMinute: 20,
      range: () => wide,
      nowMs: 0,
    });
    for (let share = 1; share <= 400; share++) difficulty.shareAccepted(share * 3_000);
    expect(difficulty.current).toBe(8);
  });

  test('is always a power of two within the range, whatever happens', () => {
    const step = fc.oneof(
      fc.constant({ kind: 'share' as const }),
      fc.constant({ kind: 'tick' as const }),
      fc.double({ min: 1e-12, max: 1e20, noNaN: true }).map((value) => ({ kind: 'suggest' as const, value })),
      fc.tuple(fc.integer({ min: -20, max: 0 }), fc.integer({ min: 1, max: 40 })).map(([min, max]) => ({
        kind: 'range' as const,
        range: { min: 2 ** min, max: 2 ** max },
      })),
    );
    fc.assert(
      fc.property(
        fc.array(fc.tuple(step, fc.integer({ min: 0, max: 100_000 })), { maxLength: 60 }),
        (steps) => {
          let range = { min: 2 ** -20, max: 2 ** 40 };
          let nowMs = 0;
          const difficulty = createVariableDifficulty({
            start: 1,
            sharesPerMinute: 20,
            range: () => range,
            nowMs,
          });
          for (const [what, waitMs] of steps) {
            nowMs += waitMs;
            if (what.kind === 'range') range = what.range;
            const moved =
              what.kind === 'share'
                ? difficulty.shareAccepted(nowMs)
                : what.kind === 'suggest'
                  ? difficulty.suggest(what.value, nowMs)
                  : difficulty.tick(nowMs);
            if (moved === undefined) continue;
            expect(moved).toBe(difficulty.current);
            expect(Number.isInteger(Math.log2(moved))).toBe(true);
            expect(moved).toBeGreaterThanOrEqual(range.min);
            expect(moved).toBeLessThanOrEqual(range.max);
          }
        },
      ),
    );
  });

  test('follows the network down when blocks become easier than shares', () => {
    const range = { min: 2 ** -20, max: 1024 };
    const difficulty = createVariableDifficulty({
      start: 1024,
      sharesPerMinute: 20,
      range: () => range,
      nowMs: 0,
    });
    range.max = 100;
    expect(difficulty.tick(1_000)).toBe(64);
  });
});
