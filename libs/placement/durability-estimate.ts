import type { RedundancyProfile } from '#fragments';
import { ASSUMED_DURABILITY, lossProbability, ninesOf } from './durability.js';

/** Who repairs: a repairer at once, the owner now and then, or nobody. */
export type RepairHabit = 'repairer' | 'owner' | 'nobody';

/** Days from too few live fragments to all of them again, when the owner looks once a month. */
const OWNERS_REPAIR_DAYS = 30;
const YEAR_DAYS = 365;

/** How likely a file stored with a profile is lost, and what that rests on. */
export interface DurabilityEstimate {
  readonly repair: RepairHabit;
  /** Probability that a file is lost within a year. */
  readonly lossPerYear: number;
  /** The same as nines of durability. */
  readonly nines: number;
  /** Bytes stored per byte of the file. */
  readonly storedPerByte: number;
  readonly meanLifetimeDays: number;
  /** Null where nobody repairs. */
  readonly repairDays: number | null;
  /** In words: the figure and its assumption. */
  readonly text: string;
}

/** The closed form's figure for a profile, with independent providers of the assumed life (docs/durability). */
export function estimateDurability(profile: RedundancyProfile, repair: RepairHabit): DurabilityEstimate {
  const { meanLifetimeDays } = ASSUMED_DURABILITY;
  const repairDays = repairDaysOf(repair);
  const lossPerYear = lossProbability(profile, { meanLifetimeDays, repairDays }, YEAR_DAYS);
  const life = `providers last ${meanLifetimeDays / YEAR_DAYS} years`;
  const text = {
    repairer: `${life} and repair takes ${repairDays} days`,
    owner: `${life} and you repair it once a month`,
    nobody: `${life} and nobody repairs it`,
  }[repair];
  return {
    repair,
    lossPerYear,
    nines: ninesOf(lossPerYear),
    storedPerByte: profile.n / profile.k,
    meanLifetimeDays,
    repairDays: repairDays ?? null,
    text: `${oneIn(lossPerYear)} a year, if ${text}`,
  };
}

function repairDaysOf(repair: RepairHabit): number | undefined {
  if (repair === 'nobody') return undefined;
  return repair === 'owner' ? OWNERS_REPAIR_DAYS : ASSUMED_DURABILITY.repairDays;
}

/** A small probability for people: `one in 53,000`, `one in 5e13`. Rounded to the worse side. */
export function oneIn(probability: number): string {
  if (probability >= 0.5) return 'more likely than not';
  const count = 1 / probability;
  const unit = 10 ** Math.max(0, Math.floor(Math.log10(count)) - 1);
  const rounded = Math.floor(count / unit) * unit;
  if (rounded < 1e7) return `one in ${rounded.toLocaleString('en-US')}`;
  const exponent = Math.floor(Math.log10(count));
  return `one in ${Math.floor(count / 10 ** exponent)}e${exponent}`;
}
