import { expect, test } from '@jest/globals';
import { MOST_ROOM_SECONDS, planRoom } from './room.js';

const GIB = 2 ** 30;
const secondsOf = (plan: ReturnType<typeof planRoom>) => ('seconds' in plan ? plan.seconds : plan.why);

test('room is kept for as long as the operator’s rate needs, shared by two repairs', () => {
  const need = { movedBytes: GIB, attempts: 0 };
  expect(secondsOf(planRoom({ ...need, bytesPerSecond: undefined }))).toBe(1_800 + 1_024);
  expect(secondsOf(planRoom({ ...need, bytesPerSecond: 2 ** 30 }))).toBe(1_800 + 1_024);
  expect(secondsOf(planRoom({ ...need, bytesPerSecond: 2 ** 16 }))).toBe(1_800 + 32_768);
});

test('what failed before gets twice as long, and nothing more than a day', () => {
  const need = { movedBytes: GIB, bytesPerSecond: undefined };
  expect(secondsOf(planRoom({ ...need, attempts: 2 }))).toBe(4 * (1_800 + 1_024));
  expect(secondsOf(planRoom({ ...need, attempts: 99 }))).toBe(MOST_ROOM_SECONDS);
  // The largest contract there can be, of a profile that reads much: 8,192 fragments of 4 MiB, 64 read for each.
  expect(secondsOf(planRoom({ movedBytes: 65 * 32 * GIB, bytesPerSecond: undefined, attempts: 0 }))).toBe(
    MOST_ROOM_SECONDS,
  );
});

test('what cannot end within a day is not begun, and its reason names a rate that would do', () => {
  const need = { movedBytes: 10 * GIB, attempts: 3 };
  const plan = planRoom({ ...need, bytesPerSecond: 100_000 });
  expect(plan).toMatchObject({ why: expect.stringMatching(/^repair\/too-slow: 10737418240 bytes/) });
  const named = Number(/must be (\d+)/.exec('why' in plan ? plan.why : '')?.[1]);
  expect(planRoom({ ...need, bytesPerSecond: named })).toMatchObject({ seconds: MOST_ROOM_SECONDS });
  expect(planRoom({ ...need, bytesPerSecond: named - 1 })).toHaveProperty('why');
});
