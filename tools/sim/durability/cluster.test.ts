import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { meanDaysToLoss } from '#placement';
import { type ClusterOptions, simulateCluster } from './cluster.js';
import { EventQueue } from './event-queue.js';

const frail: ClusterOptions = {
  profile: { k: 2, repairBelow: 4, n: 5 },
  providers: 400,
  segments: 800,
  years: 8,
  meanLifetimeDays: 60,
  repairDays: 10,
  repairDelay: 'exponential',
  fragmentBytes: 1,
  seed: 1,
};

test('events come in the order of their times', () => {
  fc.assert(
    fc.property(fc.array(fc.double({ min: 0, max: 1e6, noNaN: true })), (times) => {
      const queue = new EventQueue();
      for (const [subject, time] of times.entries()) queue.push(time, 0, subject);
      const taken: number[] = [];
      for (let event = queue.pop(); event !== undefined; event = queue.pop()) {
        expect(times[event.subject]).toBe(event.time);
        taken.push(event.time);
      }
      expect(taken).toEqual([...times].sort((a, b) => a - b));
    }),
  );
});

describe('the simulation of independent providers agrees with the closed form', () => {
  test.each([
    ['2/4/5, ten days', frail],
    ['2/4/5, slow repair', { ...frail, repairDays: 40, seed: 2 }],
    ['1/2/3', { ...frail, profile: { k: 1, repairBelow: 2, n: 3 }, seed: 3 }],
    ['3/4/8 without spares', { ...frail, profile: { k: 3, repairBelow: 4, n: 8 }, repairDays: 20, seed: 4 }],
    ['nobody repairs', { ...frail, repairDays: undefined, years: 4, seed: 5 }],
  ] as const)('%s', (_, options) => {
    const { losses, segmentYears } = simulateCluster(options as ClusterOptions);
    const expected = (segmentYears * 365) / meanDaysToLoss(options.profile, options as ClusterOptions);
    expect(losses).toBeGreaterThan(200);
    // Segments share providers, so that losses come in bunches: wider than a square root.
    expect(Math.abs(losses / expected - 1)).toBeLessThan(0.15);
  });
});

test('regions that fall at once cost a code that is spread over them nothing, and others much', () => {
  const outages = { regions: 10, perYear: 4, lostShare: 1, days: 1 };
  const profile = { k: 3, repairBelow: 5, n: 6 };
  const calm = { ...frail, profile, meanLifetimeDays: 1_000, repairDays: 2, years: 10, outages };
  const spread = simulateCluster({ ...calm, spreadOverRegions: true });
  const anywhere = simulateCluster({ ...calm, spreadOverRegions: false });
  expect(anywhere.losses).toBeGreaterThan(20);
  expect(spread.losses).toBeLessThan(anywhere.losses / 10);
});

test('what is only away is not lost, and is repaired where it stays away too long', () => {
  const outages = { regions: 4, perYear: 12, lostShare: 0, days: 3 };
  const calm = { ...frail, meanLifetimeDays: 1e9, years: 5, outages, spreadOverRegions: false };
  const patient = simulateCluster({ ...calm, repairDays: 30, repairDelay: 'fixed' });
  const hasty = simulateCluster({ ...calm, repairDays: 0.5, repairDelay: 'fixed' });
  expect([patient.losses, hasty.losses]).toEqual([0, 0]);
  expect(patient.repairs).toBe(0);
  expect(hasty.repairs).toBeGreaterThan(100);
});

test('repair that may move few bytes falls behind, and loses what quick repair keeps', () => {
  const bytesPerDay = (frail.segments * 6) / 40;
  const quick = simulateCluster({ ...frail, repairDelay: 'fixed', repairDays: 1 });
  const starved = simulateCluster({
    ...frail,
    repairDelay: 'fixed',
    repairDays: 1,
    repairBytesPerDay: bytesPerDay,
  });
  expect(starved.longestRepairDays).toBeGreaterThan(quick.longestRepairDays * 3);
  expect(starved.losses).toBeGreaterThan(quick.losses * 3);
});
