import { expect, test } from '@jest/globals';
import type { ContractId } from '#chain';
import { LostFragments } from './lost-fragments.js';

const EPOCH = 1_440;
const contract = (id: string, provider: string) => ({ id: id as ContractId, provider });

/** Heights at which something is put again at a provider that loses everything again at once, in two contracts. */
function rounds(lost: LostFragments, from: number, toExclusive: number): { height: number; put: number }[] {
  const at: { height: number; put: number }[] = [];
  for (let height = from; height < toExclusive; height++) {
    for (let index = 0; index < 60; index++)
      for (const id of ['a', 'b']) lost.note(contract(id, 'liar'), `${id}${index}`);
    const put = lost.take(height).reduce((sum, { fragments }) => sum + fragments.size, 0);
    if (put > 0) at.push({ height, put });
  }
  return at;
}

test('whoever loses again what it was given waits longer each time, up to an epoch; others do not', () => {
  const lost = new LostFragments(EPOCH);
  const first = rounds(lost, 100, 120);
  expect(first.map(({ height }) => height)).toEqual([100, 101, 103, 107, 115]);
  expect(first.every(({ put }) => put === 64)).toBe(true);
  lost.note(contract('c', 'honest'), 'one');
  expect(lost.take(120)).toEqual([{ contract: 'c', fragments: new Set(['one']) }]);
  rounds(lost, 120, 10 * EPOCH);
  expect(rounds(lost, 10 * EPOCH, 15 * EPOCH)).toHaveLength(5);
  expect(lost.size).toBeLessThanOrEqual(128);
});

test('what waits is not forgotten; a provider without losses for four epochs begins anew', () => {
  const lost = new LostFragments(EPOCH);
  for (let index = 0; index < 40; index++)
    for (const id of ['a', 'b']) lost.note(contract(id, 'wiped'), `${id}${index}`);
  const put = new Set<string>();
  for (let height = 0; height < 3; height++)
    for (const { fragments } of lost.take(height)) for (const fragment of fragments) put.add(fragment);
  expect(put.size).toBe(80);
  expect(lost.size).toBe(0);
  rounds(lost, 10, 1_000);
  const later = 1_000 + 6 * EPOCH;
  expect(rounds(lost, later, later + 4).map(({ height }) => height)).toEqual([later, later + 1, later + 3]);
});
