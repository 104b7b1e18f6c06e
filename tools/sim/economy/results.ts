import { type DetectionRow, LOST_PERCENTS, measureDetection } from './detection.js';
import { HASH_PERCENTS, measureProfits, type ProfitRow, profitPercent, WorldRuns } from './profit.js';
import { STRATEGIES } from './strategies.js';

/** The seed of the committed run. */
export const DEFAULT_SEED = 1;

/** Everything a run found out; the documents follow from it. */
export interface EconomyResults {
  readonly seed: number;
  readonly hashPercents: readonly number[];
  readonly profits: readonly ProfitRow[];
  readonly detection: readonly DetectionRow[];
  /** Blocks of the real law that were applied for the table. */
  readonly blocks: number;
}

/** The whole run. `onProgress` hears a line for each row. */
export function runEconomy(seed: number, onProgress: (line: string) => void = () => {}): EconomyResults {
  const runs = new WorldRuns();
  const onRow = (row: ProfitRow): void =>
    onProgress(`${row.strategy} (${row.rule}): ${row.profitPercent.join('  ')}`);
  const profits = measureProfits(seed, HASH_PERCENTS, { runs, onRow });
  const detection = LOST_PERCENTS.map((lostPercent) => {
    const row = measureDetection(seed, lostPercent);
    onProgress(`${lostPercent} % lost: caught ${row.caught.measured}, expected ${row.caught.expected}`);
    return row;
  });
  return { seed, hashPercents: HASH_PERCENTS, profits, detection, blocks: runs.blocks };
}

/**
 * Figures that a check computes again: enough to notice that the law or the simulator moved. Those of farmers follow from
 * amounts and from who finds which block, so they must come out the same; what a lost chunk costs follows from the draws
 * too, hence from every block's id, and any change of a format is other luck.
 */
const SAMPLES = [
  { strategy: 'self-dealing-own', rule: 'law', hashPercent: 33, luck: 0 },
  { strategy: 'ground-ids', rule: 'average', hashPercent: 10, luck: 0 },
  { strategy: 'rented-block', rule: 'cap', hashPercent: 5, luck: 0 },
  { strategy: 'cheap-dear', rule: 'repriced', hashPercent: 20, luck: 0 },
  { strategy: 'renew', rule: 'law', hashPercent: 33, luck: 0 },
  { strategy: 'replace', rule: 'law', hashPercent: 33, luck: 0 },
  { strategy: 'collude-miss', rule: 'law', hashPercent: 50, luck: 0 },
  { strategy: 'drop-50', rule: 'law', hashPercent: 1, luck: 15 },
] as const;

/** What differs between committed figures and the same figures computed now. */
export function findStaleFigures(results: EconomyResults): readonly string[] {
  const runs = new WorldRuns();
  const { seed } = results;
  return SAMPLES.flatMap(({ strategy: id, rule, hashPercent, luck }) => {
    const strategy = STRATEGIES.find((candidate) => candidate.id === id);
    const row = results.profits.find((candidate) => candidate.strategy === id && candidate.rule === rule);
    const committed = row?.profitPercent[results.hashPercents.indexOf(hashPercent)];
    if (strategy === undefined || committed === undefined)
      return [`${id} under ${rule} at ${hashPercent} %: not among the committed figures`];
    const now = profitPercent(runs, strategy, { rule, hashPercent, seed });
    return Math.abs(now - committed) <= luck
      ? []
      : [`${id} under ${rule} at ${hashPercent} %: committed ${committed}, now ${now}`];
  });
}

/** The committed form: one JSON value a line, so that a difference shows which row moved. */
export function encodeResults({ profits, detection, ...head }: EconomyResults): string {
  return [head, ...profits, ...detection].map((value) => `${JSON.stringify(value)}\n`).join('');
}

/** Results of their committed form. */
export function decodeResults(text: string): EconomyResults {
  const [head, ...rows] = text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as unknown);
  const { seed, hashPercents, blocks } = head as Omit<EconomyResults, 'profits' | 'detection'>;
  return {
    seed,
    hashPercents,
    blocks,
    profits: rows.filter((row): row is ProfitRow => 'profitPercent' in (row as object)),
    detection: rows.filter((row): row is DetectionRow => 'lostPercent' in (row as object)),
  };
}
