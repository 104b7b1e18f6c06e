import { expect, test } from '@jest/globals';
import { parseRange } from './byte-range.js';

test.each([
  ['bytes=0-99', 1_000, { from: 0, toExclusive: 100 }],
  ['bytes=900-', 1_000, { from: 900, toExclusive: 1_000 }],
  ['bytes=900-5000', 1_000, { from: 900, toExclusive: 1_000 }],
  ['bytes=-1', 1_000, { from: 999, toExclusive: 1_000 }],
  ['bytes=-5000', 1_000, { from: 0, toExclusive: 1_000 }],
  ['bytes=0-0', 1, { from: 0, toExclusive: 1 }],
  ['bytes=1000-', 1_000, 'unsatisfiable'],
  ['bytes=0-', 0, 'unsatisfiable'],
  ['bytes=-0', 1_000, 'unsatisfiable'],
  ['bytes=-5', 0, 'unsatisfiable'],
  [undefined, 1_000, undefined],
  ['', 1_000, undefined],
  ['bytes=-', 1_000, undefined],
  ['bytes=5-4', 1_000, undefined],
  ['bytes=0-1,5-6', 1_000, undefined],
  ['lines=0-1', 1_000, undefined],
  ['bytes=a-b', 1_000, undefined],
])('RFC 9110, 14.2: Range "%s" of %d bytes', (header, sizeBytes, expected) => {
  expect(parseRange(header, sizeBytes)).toEqual(expected);
});
