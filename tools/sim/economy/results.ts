import { DETECTION_CONTRACTS, type DetectionRow, LOST_PERCENTS, measureDetection } from './detection.js';
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
  const profits = measureProfits(seed, HASH_PERCENTS, runs, (row) =>
    onProgress(`${row.strategy} (${row.rule}): ${row.profitPercent.join('  ')}`),
  );
  const detection = LOST_PERCENTS.map((lostPercent) => {
    const row = measureDetection(seed, lostPercent);
    onProgress(`${lostPercent} % lost: caught ${row.caught.measured}, expected ${row.caught.expected}`);
    return row;
  });
  return { seed, hashPercents: HASH_PERCENTS, profits, detection, blocks: runs.blocks };
}

/** Figures that a check computes again: enough to notice that the law or the simulator moved. */
const SAMPLES = [
  { strategy: 'self-dealing-own', rule: 'law', hashPercent: 33 },
  { strategy: 'ground-ids', rule: 'naive', hashPercent: 10 },
  { strategy: 'ground-ids', rule: 'average', hashPercent: 10 },
  { strategy: 'rented-block', rule: 'cap', hashPercent: 5 },
  { strategy: 'cheap-dear', rule: 'repriced', hashPercent: 20 },
  { strategy: 'collude-miss', rule: 'law', hashPercent: 50 },
  { strategy: 'drop-50', rule: 'law', hashPercent: 1 },
  { strategy: 'censor', rule: 'law', hashPercent: 90 },
] as const;
const SAMPLED_LOSS_PERCENT = 50;

/** What differs between committed figures and the same figures computed now. */
export function findStaleFigures(results: EconomyResults): readonly string[] {
  const runs = new WorldRuns();
  const stale: string[] = [];
  for (const { strategy: id, rule, hashPercent } of SAMPLES) {
    const strategy = STRATEGIES.find((candidate) => candidate.id === id);
    const row = results.profits.find((candidate) => candidate.strategy === id && candidate.rule === rule);
    const committed = row?.profitPercent[results.hashPercents.indexOf(hashPercent)];
    const now =
      strategy === undefined
        ? undefined
        : profitPercent(runs, strategy, { rule, hashPercent, seed: results.seed });
    if (committed !== now)
      stale.push(`${id} under ${rule} at ${hashPercent} %: committed ${committed}, now ${now}`);
  }
  const committed = results.detection.find(({ lostPercent }) => lostPercent === SAMPLED_LOSS_PERCENT);
  const now = measureDetection(results.seed, SAMPLED_LOSS_PERCENT, DETECTION_CONTRACTS);
  if (JSON.stringify(committed) !== JSON.stringify(now))
    stale.push(`detection of ${SAMPLED_LOSS_PERCENT} % lost: the committed figures are not those of today`);
  return stale;
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
