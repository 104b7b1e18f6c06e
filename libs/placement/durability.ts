import type { RedundancyProfile } from '#fragments';

/** How providers come and go, and how fast what they kept is stored again. */
export interface DurabilityModel {
  /** Mean time until a provider is gone for good with all it kept, in days. */
  readonly meanLifetimeDays: number;
  /** Mean time from fewer than `repairBelow` live fragments to all n again, in days; undefined: nobody repairs. */
  readonly repairDays: number | undefined;
}

/** What a quote is shown with: providers that last three years, repair within one epoch of a day and a day's detection. */
export const ASSUMED_DURABILITY: DurabilityModel = { meanLifetimeDays: 3 * 365, repairDays: 2 };

/**
 * Mean days until fewer than k fragments of a segment live, with independent providers: the absorption time of the Markov
 * chain over the number of live fragments, i -> i-1 at rate i/lifetime, and any i below `repairBelow` -> n at rate
 * 1/repair. All fragments of a file go to the same providers, so this holds for a file as for a segment.
 *
 * With T_i the time from i live ones and T_(k-1) = 0: T_i = a_i + (1 - c_i) T_n, where c_i is the chance that repair comes too
 * late from i on. Only sums and products of positive numbers, so that 1e-30 is as exact as 0.5.
 */
export function meanDaysToLoss(profile: RedundancyProfile, model: DurabilityModel): number {
  const { k, repairBelow, n } = profile;
  const repairRate = model.repairDays === undefined ? 0 : 1 / model.repairDays;
  let time = 0;
  let tooLate = 1;
  for (let live = k; live <= n; live++) {
    const lossRate = live / model.meanLifetimeDays;
    const rate = lossRate + (live < repairBelow ? repairRate : 0);
    const losesFirst = lossRate / rate;
    time = 1 / rate + losesFirst * time;
    tooLate *= losesFirst;
  }
  return time / tooLate;
}

/**
 * Probability that a segment is lost within so many days, from n live fragments on. Without repair exact (binomial);
 * with repair from the mean time to loss, which counts the first days, when nothing is missing yet, like any others: an
 * upper bound, and never more than without repair.
 */
export function lossProbability(profile: RedundancyProfile, model: DurabilityModel, days: number): number {
  const unrepaired = fewerThan(profile.k, profile.n, Math.exp(-days / model.meanLifetimeDays));
  if (model.repairDays === undefined) return unrepaired;
  return Math.min(unrepaired, -Math.expm1(-days / meanDaysToLoss(profile, model)));
}

/** Durability as it is spoken of: 11 for 99.999999999 %. Undefined where a loss is certain. */
export function ninesOf(lossProbabilityPerYear: number): number {
  return -Math.log10(lossProbabilityPerYear);
}

/** Probability of fewer than `needed` successes in `trials`; from the small end, so that small results keep their digits. */
function fewerThan(needed: number, trials: number, probability: number): number {
  let sum = 0;
  for (let count = 0; count < needed; count++) {
    sum += Math.exp(
      logBinomial(trials, count) +
        count * Math.log(probability) +
        (trials - count) * Math.log1p(-probability),
    );
  }
  return Math.min(1, sum);
}

function logBinomial(trials: number, count: number): number {
  let sum = 0;
  for (let at = 1; at <= count; at++) sum += Math.log((trials - count + at) / at);
  return sum;
}
