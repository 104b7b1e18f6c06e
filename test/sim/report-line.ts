import type { SimulationReport } from './simulation.js';

/** One line a person can read, and the seed to run it again with. */
export function reportToLine(report: SimulationReport): string {
  const { seed, nodes, height, blocksMined, reorgs, deepestReorg, confirmed, bans, bytesSent } = report;
  return (
    `seed ${seed}: ${nodes} nodes, ${blocksMined} blocks found, height ${height}, ${reorgs} reorgs (deepest ` +
    `${deepestReorg}), ${confirmed} transactions, ${bans} bans, ${(bytesSent / 1e6).toFixed(1)} MB, ` +
    `converged in ${(report.convergenceMs / 1000).toFixed(1)} s, log ${report.log}`
  );
}
