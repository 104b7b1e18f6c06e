import { describe, expect, test } from '@jest/globals';
import { DEFAULT_SIMULATION, runSimulation, type SimulationReport } from './simulation.js';

/** `CAIRN_SIM_SEEDS=1-200` runs a campaign; by default a handful. */
const SEEDS = seedsOf(process.env['CAIRN_SIM_SEEDS'] ?? '1-4');

function seedsOf(range: string): number[] {
  const [first, last] = range.split('-').map(Number);
  if (first === undefined || !Number.isInteger(first)) throw new Error(`'${range}' is no range of seeds`);
  return Array.from({ length: (last ?? first) - first + 1 }, (_, at) => first + at);
}

/** One line a person can read, and a seed to run again with. */
function summary(report: SimulationReport): string {
  const { seed, nodes, height, blocksMined, reorgs, deepestReorg, confirmed, bans, bytesSent } = report;
  return (
    `seed ${seed}: ${nodes} nodes, ${blocksMined} blocks found, height ${height}, ${reorgs} reorgs (deepest ` +
    `${deepestReorg}), ${confirmed} transactions, ${bans} bans, ${(bytesSent / 1e6).toFixed(1)} MB, ` +
    `converged in ${(report.convergenceMs / 1000).toFixed(1)} s, log ${report.log}`
  );
}

describe('24 nodes with latency, loss, a partition, restarts, a selfish miner, liars and strangers', () => {
  test.each(SEEDS)(
    'seed %i: all honest nodes end on one tip with one state root',
    async (seed) => {
      const report = await runSimulation({ ...DEFAULT_SIMULATION, seed });
      process.stdout.write(`${summary(report)}\n`);
      expect(report).toMatchObject({ isConverged: true, honestBanned: 0, faults: 0, leftTimers: 0 });
      expect(report.height).toBeGreaterThan(20);
      expect(report.confirmed).toBeGreaterThan(20);
      expect(report.reorgs).toBeGreaterThan(0);
    },
    60_000,
  );

  test('the same seed is the same run, another seed another', async () => {
    const short = { ...DEFAULT_SIMULATION, miningMs: 40_000, restarts: 1 };
    const first = await runSimulation({ ...short, seed: 77 });
    const again = await runSimulation({ ...short, seed: 77 });
    const other = await runSimulation({ ...short, seed: 78 });
    expect(again).toEqual(first);
    expect(other.log).not.toBe(first.log);
  }, 60_000);
});
