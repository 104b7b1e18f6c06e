import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { runCommand } from './command.js';
import type { Tally } from './tally.js';

/** A part of the tests that Jest runs in one go. */
export interface JestPhase {
  readonly name: string;
  readonly workers: string;
  /** Regular expression of the built test files that belong to another phase. */
  readonly leaveOut: string;
}

const slow = '/dist/test/(e2e|integration)/';

/** What only computes runs in two workers; what starts processes and servers runs alone, one after the other. */
export const jestPhases: readonly JestPhase[] = [
  { name: 'unit, property, conformance and component tests', workers: '--maxWorkers=2', leaveOut: slow },
  { name: 'integration and end-to-end tests', workers: '--runInBand', leaveOut: `^(?!.*${slow})` },
];

interface JestReport {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly numTodoTests: number;
  readonly numRuntimeErrorTestSuites: number;
}

/** Runs one phase on the built code and counts its tests; a suite that cannot even load counts as one failure. */
export async function runJestPhase(phase: JestPhase, patterns: readonly string[]): Promise<Tally> {
  const folder = await mkdtemp(join(tmpdir(), 'cairn-jest-'));
  const reportFile = join(folder, 'report.json');
  try {
    const { code } = await runCommand(
      process.execPath,
      [
        '--experimental-vm-modules',
        '--no-warnings=ExperimentalWarning',
        'node_modules/jest/bin/jest.js',
        '--passWithNoTests',
        '--reporters=default',
        `--reporters=${resolve('tools/test/tally-reporter.cjs')}`,
        phase.workers,
        `--testPathIgnorePatterns=${phase.leaveOut}`,
        ...patterns.map((pattern) => `--testPathPatterns=${pattern}`),
      ],
      { show: true, env: { TALLY_FILE: reportFile } },
    );
    const report = await readReport(reportFile);
    if (report === undefined) return { passed: 0, failed: 1, skipped: 0 };
    const failed = report.numFailedTests + report.numRuntimeErrorTestSuites;
    return {
      passed: report.numPassedTests,
      failed: failed === 0 && code !== 0 ? 1 : failed,
      skipped: report.numPendingTests + report.numTodoTests,
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function readReport(file: string): Promise<JestReport | undefined> {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as JestReport;
  } catch (error) {
    console.error(`Jest left no report: ${String(error)}`);
    return undefined;
  }
}
