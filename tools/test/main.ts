// What `npm test` runs: the checks of the whole tree, then Jest on the built code, then one line that sums it up.
// `npm test -- PATTERN` runs only the test files whose path matches.
import { checks } from './checks.js';
import { stopCommands } from './command.js';
import { jestPhases, runJestPhase } from './jest-phase.js';
import { sumTallies, type Tally, tallyToText } from './tally.js';

const seconds = (startedMs: number): string => `${((performance.now() - startedMs) / 1000).toFixed(1)} s`;

/** Runs every check, two at a time, and prints each as it ends. */
async function runChecks(): Promise<Tally> {
  let failed = 0;
  const waiting = [...checks];
  const runNext = async (): Promise<void> => {
    for (let check = waiting.shift(); check !== undefined; check = waiting.shift()) {
      const started = performance.now();
      const problem = await check.run();
      if (problem !== undefined) failed += 1;
      console.log(`${problem === undefined ? 'ok    ' : 'FAILED'} ${check.name} (${seconds(started)})`);
      if (problem !== undefined) console.log(problem);
    }
  };
  await Promise.all([runNext(), runNext()]);
  return { passed: checks.length - failed, failed, skipped: 0 };
}

async function main(patterns: readonly string[]): Promise<void> {
  const started = performance.now();
  const tallies: Tally[] = [];
  if (patterns.length === 0) tallies.push(await runChecks());
  else console.log(`only tests that match ${patterns.join(', ')}; the checks of the whole tree are left out`);
  for (const phase of jestPhases) {
    console.log(`\n${phase.name}`);
    tallies.push(await runJestPhase(phase, patterns));
  }
  const sum = sumTallies(tallies);
  console.log(`\nin ${seconds(started)}`);
  console.log(tallyToText(sum));
  process.exitCode = sum.failed === 0 ? 0 : 1;
}

for (const event of ['SIGTERM', 'SIGINT', 'disconnect']) {
  process.once(event, () => {
    stopCommands();
    process.exit(130);
  });
}
process.channel?.unref();
await main(process.argv.slice(2));
