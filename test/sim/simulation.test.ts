import { describe, expect, test } from '@jest/globals';
import { reportToLine } from './report-line.js';
import { DEFAULT_SIMULATION, runSimulation } from './simulation.js';

/** A handful; `node dist/test/sim/campaign.js FIRST LAST` runs many. */
const SEEDS = [1, 2, 3];

describe('24 nodes with latency, loss, a partition, restarts, a selfish miner, liars and strangers', () => {
  test.each(SEEDS)(
    'seed %i: all honest nodes end on one tip with one state root',
    async (seed) => {
      const report = await runSimulation({ ...DEFAULT_SIMULATION, seed });
      process.stdout.write(`${reportToLine(report)}\n`);
      expect(report).toMatchObject({ isConverged: true, honestBanned: 0, faults: 0, leftTimers: 0 });
      expect(report.height).toBeGreaterThan(20);
      expect(report.confirmed).toBeGreaterThan(20);
      expect(report.reorgs).toBeGreaterThan(0);
    },
    180_000,
  );

  test('the same seed is the same run, another seed another', async () => {
    const short = { ...DEFAULT_SIMULATION, miningMs: 40_000, restarts: 1 };
    const first = await runSimulation({ ...short, seed: 77 });
    const again = await runSimulation({ ...short, seed: 77 });
    const other = await runSimulation({ ...short, seed: 78 });
    expect(again).toEqual(first);
    expect(other.log).not.toBe(first.log);
  }, 180_000);
});
