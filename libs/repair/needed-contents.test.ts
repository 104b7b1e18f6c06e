import { expect, test } from '@jest/globals';
import { AppError } from '#errors';
import type { RepairContent } from '#wire';
import { neededContents } from './needed-contents.js';

/** A file of segments with two fragments each; a fragment's id is its number, repeated. */
const fileOf = (...numbers: readonly number[]): RepairContent => ({
  profile: { k: 1, repairBelow: 1, n: 2 },
  repairKey: new Uint8Array(32),
  contracts: [],
  segments: numbers.map((number) => ({
    segmentId: new Uint8Array(16).fill(number),
    fragmentLength: 1_024,
    fragmentIds: [new Uint8Array(32).fill(number), new Uint8Array(32).fill(number + 1)],
    holders: [1, 0],
  })),
});
const id = (number: number): string => number.toString(16).padStart(2, '0').repeat(32);

test('of many capabilities only the segments that are wanted stay in memory, and none is read for nothing', async () => {
  const files = new Map([
    ['first', fileOf(10, 20, 30)],
    ['second', fileOf(40, 50)],
    ['third', fileOf(60, 70)],
    ['fourth', fileOf(80)],
  ]);
  const read: string[] = [];
  const unreadable: string[] = [];
  const store = {
    content: async (subject: string): Promise<RepairContent> => {
      read.push(subject);
      if (subject === 'second')
        throw new AppError({ code: 'repair/unreadable', message: 'rot', next: 'wait' });
      return files.get(subject) as RepairContent;
    },
  };
  const contents = await neededContents(store, files.keys(), [id(21), id(60), id(61)], ({ code }) =>
    unreadable.push(code),
  );
  expect(contents.map(({ segments }) => segments.map(({ segmentId }) => segmentId[0]))).toEqual([[20], [60]]);
  expect(read).toEqual(['first', 'second', 'third']);
  expect(unreadable).toEqual(['repair/unreadable']);
});
