import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError } from '#errors';
import { resultsToMarkdown } from './markdown.js';
import { type DurabilityResults, durabilityTable, runDurability } from './results.js';

export { DEFAULT_SEED } from './results.js';

const FOLDER = 'docs/durability';
const PAGE = 'README.md';
const FIGURES = 'results.jsonl';
/** How far a simulated number of losses may lie from the formula's; losses come in bunches. */
const TOLERANCE = 0.1;

/** Runs the simulator and writes its page, or checks the committed one; false where something is wrong. */
export async function simulateDurability(
  projectRoot: string,
  options: { readonly seed: number; readonly isCheck: boolean },
  say: (line: string) => void,
): Promise<boolean> {
  const folder = join(projectRoot, FOLDER);
  if (options.isCheck) return check(folder, say);
  const results = runDurability(options.seed, say);
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, FIGURES), encodeFigures(results));
  await writeFile(join(folder, PAGE), resultsToMarkdown(results));
  say(`wrote ${FOLDER}`);
  return findDisagreements(results, say).length === 0;
}

/** Runs whose losses are not those of the closed form. */
export function findDisagreements(results: DurabilityResults, say: (line: string) => void): string[] {
  const wrong = results.frail
    .filter(({ result, expectedLosses }) => Math.abs(result.losses / (expectedLosses ?? 0) - 1) > TOLERANCE)
    .map(
      ({ what, result, expectedLosses }) =>
        `NOT THE FORMULA: ${what}: ${result.losses} lost, ${expectedLosses} expected`,
    );
  for (const line of wrong) say(line);
  return wrong;
}

async function check(folder: string, say: (line: string) => void): Promise<boolean> {
  const path = join(folder, FIGURES);
  const figures = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new AppError({
      code: 'sim/no-results',
      message: `${path} holds no results of the simulator`,
      next: 'run `npm run sim -- durability`',
      cause,
    });
  });
  const results = { ...(JSON.parse(figures) as DurabilityResults), table: durabilityTable() };
  const page = await readFile(join(folder, PAGE), 'utf8').catch(() => '');
  const isSame = encodeFigures(results) === figures && page === resultsToMarkdown(results);
  say(
    isSame
      ? `${FOLDER} is what the code computes today`
      : `${FOLDER} is stale. Next: \`npm run sim -- durability\`, look at the difference, commit it.`,
  );
  return isSame && findDisagreements(results, say).length === 0;
}

function encodeFigures(results: DurabilityResults): string {
  return `${JSON.stringify(results)}\n`;
}
