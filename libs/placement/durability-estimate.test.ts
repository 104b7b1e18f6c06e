import { expect, test } from '@jest/globals';
import { redundancyProfiles } from '#fragments';
import { estimateDurability, oneIn } from './durability-estimate.js';

test('the figures of docs/durability, with their assumption in words', () => {
  const repaired = estimateDurability(redundancyProfiles.default, 'repairer');
  expect(repaired).toMatchObject({ storedPerByte: 3, repairDays: 2, meanLifetimeDays: 1_095 });
  expect(repaired.lossPerYear).toBeCloseTo(2.0e-14, 15);
  expect(repaired.text).toBe('one in 5e13 a year, if providers last 3 years and repair takes 2 days');
  const alone = estimateDurability(redundancyProfiles.default, 'nobody');
  expect(alone.text).toMatch(/^one in 5[0-9],000 a year, if providers last 3 years and nobody repairs it$/);
  expect(alone.repairDays).toBeNull();
  const own = estimateDurability(redundancyProfiles.default, 'owner');
  expect(own.lossPerYear).toBeLessThan(alone.lossPerYear);
  expect(own.lossPerYear).toBeGreaterThan(repaired.lossPerYear);
});

test.each([
  [0.7, 'more likely than not'],
  [0.025, 'one in 40'],
  [1 / 3, 'one in 3'],
  [1.9e-5, 'one in 52,000'],
  [2e-14, 'one in 5e13'],
  [1.4e-21, 'one in 7e20'],
])('%d is %s', (probability, text) => {
  expect(oneIn(probability)).toBe(text);
});
