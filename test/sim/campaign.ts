import { median } from '../../bench/measure.js';
import { reportToLine } from './report-line.js';
import { DEFAULT_SIMULATION, runSimulation, type SimulationReport } from './simulation.js';

// Many seeds, run by hand: node dist/test/sim/campaign.js FIRST LAST. A seed that fails is named and runs again alone.

const [first, last] = process.argv.slice(2).map(Number);
if (first === undefined || !Number.isInteger(first) || !Number.isInteger(last ?? first)) {
  process.stderr.write('say which seeds: node dist/test/sim/campaign.js FIRST [LAST]\n');
  process.exit(2);
}
const reports: SimulationReport[] = [];
const failed: number[] = [];
for (let seed = first; seed <= (last ?? first); seed++) {
  const report = await runSimulation({ ...DEFAULT_SIMULATION, seed });
  const isGood =
    report.isConverged && report.honestBanned === 0 && report.faults === 0 && report.leftTimers === 0;
  reports.push(report);
  if (!isGood) failed.push(seed);
  process.stdout.write(`${isGood ? '' : 'FAILED '}${reportToLine(report)}\n`);
}
const sum = (of: (report: SimulationReport) => number): number =>
  reports.reduce((total, report) => total + of(report), 0);
const convergence = reports.map(({ convergenceMs }) => convergenceMs);
process.stdout.write(
  `${reports.length} runs, ${failed.length} failed${failed.length > 0 ? ` (${failed.join(', ')})` : ''}: ` +
    `${sum(({ blocksMined }) => blocksMined)} blocks, ${sum(({ reorgs }) => reorgs)} reorgs, ` +
    `${sum(({ bans }) => bans)} bans, ${(sum(({ bytesSent }) => bytesSent) / 1e6).toFixed(0)} MB, ` +
    `convergence median ${(median(convergence) / 1000).toFixed(1)} s, ` +
    `longest ${(Math.max(...convergence) / 1000).toFixed(1)} s\n`,
);
process.exitCode = failed.length > 0 ? 1 : 0;
