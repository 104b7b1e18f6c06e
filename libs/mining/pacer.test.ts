import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { createPacer, type MinerClock } from './index.js';

/** A clock that only moves when somebody sleeps, or when the test says so. */
function createTestClock(): MinerClock & { pass(ms: number): void } {
  let nowMs = 0;
  return {
    nowMs: () => nowMs,
    unixSeconds: () => Math.floor(nowMs / 1_000),
    sleep: async (ms, signal) => {
      if (!signal.aborted) nowMs += ms;
    },
    pass: (ms) => {
      nowMs += ms;
    },
  };
}

const never = new AbortController().signal;
const options = { intervalMs: 1_000, leadMs: 300 };

describe('the pacer', () => {
  test('lets a search begin before the turn and a block out at the turn', async () => {
    const clock = createTestClock();
    const pacer = createPacer({ ...options, clock });
    await pacer.untilSearch(never);
    await pacer.untilBlock(never);
    expect(clock.nowMs()).toBe(0);
    pacer.blockMade();
    await pacer.untilSearch(never);
    expect(clock.nowMs()).toBe(700);
    await pacer.untilBlock(never);
    expect(clock.nowMs()).toBe(1_000);
  });

  test('never lets two blocks out within an interval, however long searches and pauses take', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ searchMs: fc.nat(3_000), pauseMs: fc.nat(100_000) }), { maxLength: 50 }),
        async (rounds) => {
          const clock = createTestClock();
          const pacer = createPacer({ ...options, clock });
          const madeAtMs: number[] = [];
          for (const { searchMs, pauseMs } of rounds) {
            clock.pass(pauseMs);
            await pacer.untilSearch(never);
            clock.pass(searchMs);
            await pacer.untilBlock(never);
            pacer.blockMade();
            madeAtMs.push(clock.nowMs());
          }
          const gaps = madeAtMs.slice(1).map((atMs, index) => atMs - madeAtMs[index]!);
          expect(gaps.every((gapMs) => gapMs >= 1_000)).toBe(true);
        },
      ),
    );
  });

  test('does not catch up after a night', async () => {
    const clock = createTestClock();
    const pacer = createPacer({ ...options, clock });
    pacer.blockMade();
    clock.pass(8 * 3_600_000);
    const wokeAtMs = clock.nowMs();
    let blocks = 0;
    while (clock.nowMs() < wokeAtMs + 10_000) {
      await pacer.untilBlock(never);
      pacer.blockMade();
      blocks += 1;
    }
    expect(blocks).toBe(11);
  });

  test("counts from another miner's block", async () => {
    const clock = createTestClock();
    const pacer = createPacer({ ...options, clock });
    pacer.blockMade();
    clock.pass(600);
    pacer.blockMade();
    await pacer.untilBlock(never);
    expect(clock.nowMs()).toBe(1_600);
  });

  test('ends a wait when it is told to', async () => {
    const clock = createTestClock();
    const pacer = createPacer({ ...options, clock });
    pacer.blockMade();
    await pacer.untilBlock(AbortSignal.abort());
    expect(clock.nowMs()).toBe(0);
  });
});
