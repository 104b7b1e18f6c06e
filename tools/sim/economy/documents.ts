import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError } from '#errors';
import { resultsToCharts } from './charts.js';
import { resultsToMarkdown } from './markdown.js';
import { decodeResults, type EconomyResults, encodeResults } from './results.js';

/** Where the documents of a run are, from the project's folder. */
export const ECONOMY_FOLDER = 'docs/economy';
const RESULTS_FILE = 'results.jsonl';

/** Every document that follows from results, by file name. */
export function resultsToDocuments(results: EconomyResults): Readonly<Record<string, string>> {
  return {
    [RESULTS_FILE]: encodeResults(results),
    'README.md': resultsToMarkdown(results),
    ...resultsToCharts(results),
  };
}

/** Writes the documents of a run. */
export async function writeDocuments(folder: string, results: EconomyResults): Promise<readonly string[]> {
  const paths: string[] = [];
  for (const [name, content] of Object.entries(resultsToDocuments(results))) {
    const path = join(folder, name);
    await writeFile(path, content);
    paths.push(path);
  }
  return paths;
}

/** The committed results. */
export async function readResults(folder: string): Promise<EconomyResults> {
  const path = join(folder, RESULTS_FILE);
  try {
    return decodeResults(await readFile(path, 'utf8'));
  } catch (cause) {
    throw new AppError({
      code: 'sim/no-results',
      message: `${path} holds no results of the simulator: ${(cause as Error).message}`,
      next: 'run `npm run sim -- economy`',
      cause,
    });
  }
}

/** Documents that are not what the committed results make of them today. */
export async function findStaleDocuments(
  folder: string,
  results: EconomyResults,
): Promise<readonly string[]> {
  const stale: string[] = [];
  for (const [name, content] of Object.entries(resultsToDocuments(results))) {
    const committed = await readFile(join(folder, name), 'utf8').catch(() => undefined);
    if (committed !== content) stale.push(`${join(folder, name)} is not what the committed figures make`);
  }
  return stale;
}
