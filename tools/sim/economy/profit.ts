import type { MintRuleId } from './mint-rules.js';
import type { WorldPlan } from './plan.js';
import { STRATEGIES, type Strategy } from './strategies.js';
import { runWorld, type WorldOptions, type WorldOutcome } from './world.js';

/** Shares of the hash power in percent. */
export const HASH_PERCENTS = [1, 5, 10, 20, 33, 50, 66, 90] as const;

/** One line of the table: a strategy under a mint rule. */
export interface ProfitRow {
  readonly strategy: string;
  readonly rule: MintRuleId;
  /** Profit in percent of the stake, one figure for each hash share, rounded to a thousandth. */
  readonly profitPercent: readonly number[];
}

/** Outcomes by plan, so that a baseline that several strategies share is run once. */
export class WorldRuns {
  private readonly outcomes = new Map<string, WorldOutcome>();
  blocks = 0;

  of(plan: WorldPlan, options: WorldOptions): WorldOutcome {
    const key = JSON.stringify([plan, options], (_, value) =>
      typeof value === 'bigint' ? String(value) : value,
    );
    const known = this.outcomes.get(key);
    if (known !== undefined) return known;
    const outcome = runWorld(plan, options);
    this.blocks += outcome.blocks;
    this.outcomes.set(key, outcome);
    return outcome;
  }
}

/** Coins at the end, less the cost of disks where the attacker keeps what somebody else pays for. */
function wealth(plan: WorldPlan, outcome: WorldOutcome): bigint {
  const isPaidStorage = plan.farm?.provider === 'attacker' && plan.farm.client === 'honest';
  return outcome.attackerCoins - (isPaidStorage && plan.purse !== 'miner' ? outcome.storageCost : 0n);
}

/**
 * What a strategy brings above what the same party would have had honestly, in percent of what is at stake. Both
 * worlds have the same luck: who finds which block follows from the seed.
 */
export function profitPercent(runs: WorldRuns, strategy: Strategy, options: WorldOptions): number {
  const attack = runs.of(strategy.attack, options);
  const honest = runs.of(strategy.baseline, options);
  const profit = wealth(strategy.attack, attack) - wealth(strategy.baseline, honest);
  const stake = strategy.stake === 'burn' ? attack.farmBurn : attack.farmPrice;
  const percent = Number((profit * 100_000_000n) / stake) / 1_000_000;
  return Math.round(percent * 1_000) / 1_000;
}

/** What a table shows, and who hears of it. */
export interface TableOptions {
  readonly runs?: WorldRuns;
  readonly onRow?: (row: ProfitRow) => void;
  /** Rows to leave out of a small table. */
  readonly isShown?: (strategy: Strategy, rule: MintRuleId) => boolean;
}

/** The table. */
export function measureProfits(
  seed: number,
  hashPercents: readonly number[],
  { runs = new WorldRuns(), onRow, isShown = () => true }: TableOptions = {},
): readonly ProfitRow[] {
  const rows: ProfitRow[] = [];
  for (const strategy of STRATEGIES) {
    for (const rule of strategy.rules.filter((shown) => isShown(strategy, shown))) {
      const figures = hashPercents.map((hashPercent) =>
        profitPercent(runs, strategy, { rule, hashPercent, seed }),
      );
      const row = { strategy: strategy.id, rule, profitPercent: figures };
      rows.push(row);
      onRow?.(row);
    }
  }
  return rows;
}

/** A figure of the table that has the wrong sign. */
export interface WrongSign {
  readonly strategy: string;
  readonly rule: MintRuleId;
  readonly hashPercent: number;
  readonly profitPercent: number;
}

/**
 * Figures against what is claimed: under the law no profit wherever the protocol claims it, under every other rule a
 * profit at every share (or the check could not fail).
 */
export function findWrongSigns(
  rows: readonly ProfitRow[],
  hashPercents: readonly number[],
): readonly WrongSign[] {
  const claims = new Map(STRATEGIES.map(({ id, claimedUpTo }) => [id, claimedUpTo]));
  return rows.flatMap(({ strategy, rule, profitPercent: figures }) =>
    figures.flatMap((figure, index) => {
      const hashPercent = hashPercents[index] as number;
      const isClaimed = hashPercent <= (claims.get(strategy) ?? 0);
      const isWrong = rule === 'law' ? isClaimed && figure > 0 : figure <= 0;
      return isWrong ? [{ strategy, rule, hashPercent, profitPercent: figure }] : [];
    }),
  );
}
