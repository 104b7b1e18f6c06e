import { join } from 'node:path';
import { ECONOMY_FOLDER, findStaleDocuments, readResults, writeDocuments } from './documents.js';
import { findWrongSigns } from './profit.js';
import { DEFAULT_SEED, findStaleFigures, runEconomy } from './results.js';
import { CONFIDENCE_PERCENT } from './statistics.js';

/** What `npm run sim -- economy` was asked for. */
export interface EconomyOptions {
  readonly seed: number;
  /** Compare the committed documents in seconds instead of writing them. */
  readonly isCheck: boolean;
}

/** The seed of the committed documents unless another is named. */
export { DEFAULT_SEED };

/** Runs the simulator and writes its documents, or checks the committed ones; false where something is wrong. */
export async function simulateEconomy(
  projectRoot: string,
  options: EconomyOptions,
  say: (line: string) => void,
): Promise<boolean> {
  const folder = join(projectRoot, ECONOMY_FOLDER);
  return options.isCheck ? await check(folder, say) : await run(folder, options.seed, say);
}

async function run(folder: string, seed: number, say: (line: string) => void): Promise<boolean> {
  say(`seed ${seed}`);
  const results = runEconomy(seed, say);
  for (const path of await writeDocuments(folder, results)) say(`wrote ${path}`);
  const wrong = findWrongSigns(results.profits, results.hashPercents);
  for (const { strategy, rule, hashPercent, profitPercent } of wrong)
    say(`WRONG SIGN: ${strategy} under ${rule} at ${hashPercent} % of the hash power: ${profitPercent} %`);
  const outside = results.detection
    .flatMap(({ lostPercent, caught, failed }) => [
      { lostPercent, what: 'caught', ...caught },
      { lostPercent, what: 'failed', ...failed },
    ])
    .filter(({ interval, expected }) => expected < interval.low || expected > interval.high);
  for (const { lostPercent, what, measured, expected } of outside)
    say(
      `NOT THE FORMULA: ${lostPercent} % lost, ${what} ${measured}, expected ${expected}, outside ${CONFIDENCE_PERCENT} %`,
    );
  return wrong.length === 0 && outside.length === 0;
}

async function check(folder: string, say: (line: string) => void): Promise<boolean> {
  const results = await readResults(folder);
  say(`seed ${results.seed}`);
  const stale = [...(await findStaleDocuments(folder, results)), ...findStaleFigures(results)];
  for (const line of stale) say(line);
  say(
    stale.length === 0
      ? `${ECONOMY_FOLDER} is what the code computes today`
      : 'Next: `npm run sim -- economy`, look at the difference, commit it.',
  );
  return stale.length === 0;
}
