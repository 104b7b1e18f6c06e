import { describe, expect, test } from '@jest/globals';
import { shouldReorganize } from './fork-choice.js';

describe('fork choice', () => {
  const current = { totalWork: 1_000n, tipWork: 100n };

  test.each([
    ['less work', 999n, false],
    ['the same work', 1_000n, false],
    ['a sibling a little heavier', 1_001n, false],
    ['heavier by exactly a fifth of the tip', 1_020n, false],
    ['heavier by more than a fifth of the tip', 1_021n, true],
    ['one block more', 1_100n, true],
  ])('%s: %s', (_name, totalWork, expected) => {
    expect(shouldReorganize(current, { totalWork, tipWork: 1n })).toBe(expected);
  });

  test('many light blocks weigh no more than their work', () => {
    expect(shouldReorganize(current, { totalWork: 1_015n, tipWork: 3n })).toBe(false);
  });
});
