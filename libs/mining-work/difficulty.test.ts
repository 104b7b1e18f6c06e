import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  DIFFICULTY_ONE_TARGET,
  difficultyToHashes,
  difficultyToTarget,
  floorDifficulty,
  MAX_DIFFICULTY,
  MIN_DIFFICULTY,
  targetToDifficulty,
} from './difficulty.js';

const powers = fc.integer({ min: -31, max: 80 }).map((exponent) => 2 ** exponent);

describe('difficulty of shares', () => {
  test('1 is the target pools and miners call so', () => {
    expect(difficultyToTarget(1).toString(16).padStart(64, '0')).toBe(`00000000ffff${'0'.repeat(52)}`);
    expect(DIFFICULTY_ONE_TARGET).toBe(difficultyToTarget(1));
  });

  test('twice the difficulty is half the target and twice the hashes', () => {
    fc.assert(
      fc.property(powers, (difficulty) => {
        fc.pre(difficulty < MAX_DIFFICULTY);
        expect(difficultyToTarget(difficulty) >> 1n).toBe(difficultyToTarget(difficulty * 2));
        expect(difficultyToHashes(difficulty) * 2n).toBe(difficultyToHashes(difficulty * 2));
      }),
    );
  });

  test('a target says the difficulty it was made of', () => {
    fc.assert(
      fc.property(powers, (difficulty) => targetToDifficulty(difficultyToTarget(difficulty)) === difficulty),
    );
  });

  test('is rounded down to a power of two within its bounds', () => {
    fc.assert(
      fc.property(fc.double({ min: 1e-12, max: 1e26, noNaN: true }), (wanted) => {
        const difficulty = floorDifficulty(wanted);
        expect(Number.isInteger(Math.log2(difficulty))).toBe(true);
        expect(difficulty).toBeGreaterThanOrEqual(MIN_DIFFICULTY);
        expect(difficulty).toBeLessThanOrEqual(Math.max(wanted, MIN_DIFFICULTY));
        if (wanted < MAX_DIFFICULTY) expect(difficulty * 2).toBeGreaterThan(wanted);
      }),
    );
    for (const bad of [0, -1, Number.NaN]) expect(floorDifficulty(bad)).toBe(MIN_DIFFICULTY);
    expect(floorDifficulty(Number.POSITIVE_INFINITY)).toBe(MAX_DIFFICULTY);
  });
});
