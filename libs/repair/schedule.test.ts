import { expect, test } from '@jest/globals';
import { ByteLimit, parseRepairHours } from './index.js';

const at = (hour: number) => new Date(2026, 10, 21, hour, 30);

test('hours: all, off, by day, over midnight, and what is none', () => {
  const active = (text: string) =>
    Array.from({ length: 24 }, (_, hour) => hour).filter((hour) =>
      parseRepairHours(text)?.isActive(at(hour)),
    );
  expect(active('all')).toHaveLength(24);
  expect(active('off')).toEqual([]);
  expect(active('8-11')).toEqual([8, 9, 10]);
  expect(active('22-2')).toEqual([0, 1, 22, 23]);
  for (const text of ['', '24-2', '3-3', '1-25', 'night']) expect(parseRepairHours(text)).toBeUndefined();
});

test('a byte limit lets so many through in a second, one after the other; none lets all through', async () => {
  const limit = new ByteLimit(1_000_000);
  const startedAt = performance.now();
  for (let taken = 0; taken < 4; taken++) await limit.take(50_000);
  expect(performance.now() - startedAt).toBeGreaterThan(140);
  const free = new ByteLimit(undefined);
  for (let taken = 0; taken < 1_000; taken++) await free.take(1 << 30);
  expect(performance.now() - startedAt).toBeLessThan(2_000);
});
