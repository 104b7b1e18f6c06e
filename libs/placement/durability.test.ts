import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type RedundancyProfile, redundancyProfiles } from '#fragments';
import { lossProbability, meanDaysToLoss, ninesOf } from './durability.js';

const profileArbitrary = fc
  .tuple(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 8 }), fc.integer({ min: 0, max: 8 }))
  .map(([k, above, rest]): RedundancyProfile => ({ k, repairBelow: k + above, n: k + above + rest }));
const modelArbitrary = fc.record({
  meanLifetimeDays: fc.double({ min: 5, max: 500, noNaN: true }),
  repairDays: fc.double({ min: 1, max: 100, noNaN: true }),
});

/** The same mean by solving (I - P) T = waiting times with Gauss: right as long as the numbers are of one size. */
function solvedDaysToLoss(
  { k, repairBelow, n }: RedundancyProfile,
  lifetime: number,
  repair: number,
): number {
  const size = n - k + 1;
  const rows = Array.from({ length: size }, (_, at) => {
    const live = k + at;
    const loss = live / lifetime;
    const heal = live < repairBelow ? 1 / repair : 0;
    const row = new Array<number>(size + 1).fill(0);
    row[at] = 1;
    if (at > 0) row[at - 1] = (row[at - 1] ?? 0) - loss / (loss + heal);
    row[size - 1] = (row[size - 1] ?? 0) - heal / (loss + heal);
    row[size] = 1 / (loss + heal);
    return row;
  });
  for (let pivot = 0; pivot < size; pivot++) {
    for (let row = 0; row < size; row++) {
      if (row === pivot) continue;
      const factor = (rows[row]?.[pivot] ?? 0) / (rows[pivot]?.[pivot] ?? 1);
      for (let column = pivot; column <= size; column++) {
        (rows[row] as number[])[column] = (rows[row]?.[column] ?? 0) - factor * (rows[pivot]?.[column] ?? 0);
      }
    }
  }
  return (rows[size - 1]?.[size] ?? 0) / (rows[size - 1]?.[size - 1] ?? 1);
}

test('the mean time to loss solves the chain’s equations', () => {
  fc.assert(
    fc.property(profileArbitrary, modelArbitrary, (profile, { meanLifetimeDays, repairDays }) => {
      const days = meanDaysToLoss(profile, { meanLifetimeDays, repairDays });
      const solved = solvedDaysToLoss(profile, meanLifetimeDays, repairDays);
      // Gauss loses as many digits as the chances of a loss have zeros.
      fc.pre(days < 1e8);
      expect(days / solved).toBeCloseTo(1, 4);
    }),
  );
});

test('one copy, and two without repair, are what every textbook says', () => {
  const lifetime = { meanLifetimeDays: 100, repairDays: undefined };
  // Mean of the longer of two exponential lives: 1/2 + 1.
  expect(meanDaysToLoss({ k: 1, repairBelow: 2, n: 2 }, lifetime)).toBeCloseTo(150, 9);
  expect(lossProbability({ k: 1, repairBelow: 2, n: 2 }, lifetime, 100)).toBeCloseTo(
    (1 - Math.exp(-1)) ** 2,
    12,
  );
  // A mirror with repair: (3 lambda + mu) / (2 lambda^2), known from disk arrays.
  const [lambda, mu] = [1 / 100, 1 / 2];
  const mirrored = meanDaysToLoss({ k: 1, repairBelow: 2, n: 2 }, { meanLifetimeDays: 100, repairDays: 2 });
  expect(mirrored).toBeCloseTo((3 * lambda + mu) / (2 * lambda ** 2), 6);
});

test('more parity, longer lives and quicker repair never lose more', () => {
  fc.assert(
    fc.property(profileArbitrary, modelArbitrary, (profile, model) => {
      const days = meanDaysToLoss(profile, model);
      const wider = { ...profile, n: profile.n + 1 };
      expect(meanDaysToLoss(wider, model)).toBeGreaterThanOrEqual(days * (1 - 1e-12));
      expect(meanDaysToLoss(profile, { ...model, repairDays: model.repairDays / 2 })).toBeGreaterThanOrEqual(
        days * (1 - 1e-12),
      );
      const alone = { ...model, repairDays: undefined };
      expect(meanDaysToLoss(profile, alone)).toBeLessThanOrEqual(days * (1 + 1e-12));
      expect(lossProbability(profile, model, 30)).toBeLessThanOrEqual(lossProbability(profile, alone, 30));
    }),
  );
});

test('very small probabilities keep their digits', () => {
  const model = { meanLifetimeDays: 1_095, repairDays: 1 };
  const nines = Object.values(redundancyProfiles).map((profile) =>
    ninesOf(lossProbability(profile, model, 365)),
  );
  expect(nines.every((each) => Number.isFinite(each) && each > 2)).toBe(true);
  expect(ninesOf(lossProbability(redundancyProfiles.default, model, 365))).toBeGreaterThan(15);
});
