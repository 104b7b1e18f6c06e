import { expect, test } from '@jest/globals';
import { ProviderDirectory } from './provider-directory.js';
import { ProviderStanding } from './provider-standing.js';

let nowMs: number;
const standing = () => {
  nowMs = 5_000;
  return new ProviderStanding(() => nowMs);
};

test('who fails comes after who is slow, who is slow after the others; both get another chance', () => {
  const known = standing();
  known.noteFailure('failed');
  known.noteSlow('slow');
  expect(known.penalty('good')).toBe(0);
  expect(known.penalty('slow')).toBeGreaterThan(0);
  expect(known.penalty('failed')).toBeGreaterThan(known.penalty('slow'));
  nowMs += 60_000;
  expect([known.penalty('failed'), known.penalty('slow')]).toEqual([0, 0]);
  expect(known.failureCount('failed')).toBe(1);
});

test('who fails again and again is left alone for longer, ten minutes at most', () => {
  const known = standing();
  for (let time = 0; time < 3; time++) known.noteFailure('p');
  nowMs += 79_000;
  expect(known.penalty('p')).toBeGreaterThan(0);
  for (let time = 0; time < 50; time++) known.noteFailure('p');
  nowMs += 601_000;
  expect(known.penalty('p')).toBe(0);
});

test('being overtaken now and then is forgiven by answers, always being overtaken is not', () => {
  const known = standing();
  for (let read = 0; read < 40; read++) {
    known.noteSlow('always');
    if (read % 20 === 0) known.noteSlow('seldom');
    else known.noteAnswer('seldom');
  }
  expect(known.penalty('seldom')).toBe(0);
  expect(known.penalty('always')).toBeGreaterThan(4);
  nowMs += 300_000;
  expect(known.penalty('always')).toBe(0);
});

test('whoever failed lately is known for it where holders are chosen', async () => {
  const page = (items: unknown[]) => async () => ({ items, nextCursor: null });
  const directory = new ProviderDirectory({
    offers: page([{ provider: 'p' }, { provider: 'slow' }]),
    endpoints: page([{ principal: 'p' }, { principal: 'slow' }]),
    providerRecords: page([]),
  } as never);
  const seen = async () => (await directory.candidates()).map(({ standing: known }) => known);
  expect(await seen()).toMatchObject([{ failuresSeen: 0, slowSeen: false }, { slowSeen: false }]);
  directory.noteFailure('p');
  directory.noteFailure('p');
  for (let time = 0; time < 2; time++) directory.standing.noteSlow('slow');
  expect(await seen()).toMatchObject([{ failuresSeen: 2 }, { failuresSeen: 0, slowSeen: true }]);
  directory.close();
});
