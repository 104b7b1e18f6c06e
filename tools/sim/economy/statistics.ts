/** An interval that holds the true rate with the confidence asked for. */
export interface Interval {
  readonly low: number;
  readonly high: number;
}

/** Two-sided confidence of every interval; so high because a run judges eight rates at once. */
export const CONFIDENCE_PERCENT = 99.9;
const Z = 3.290_527;

/** Wilson's score interval for `hits` of `trials` (E. B. Wilson, 1927); sound near 0 and 1 too. */
export function wilsonInterval(hits: number, trials: number): Interval {
  const rate = hits / trials;
  const z2 = Z * Z;
  const centre = rate + z2 / (2 * trials);
  const spread = Z * Math.sqrt((rate * (1 - rate)) / trials + z2 / (4 * trials * trials));
  const scale = 1 + z2 / trials;
  return { low: (centre - spread) / scale, high: (centre + spread) / scale };
}

/** Probability of at least `hits` successes in `trials` independent tries. */
export function atLeast(hits: number, trials: number, probability: number): number {
  let below = 0;
  let term = (1 - probability) ** trials;
  for (let count = 0; count < hits && count <= trials; count++) {
    below += term;
    term *= ((trials - count) / (count + 1)) * (probability / (1 - probability));
  }
  return 1 - below;
}
