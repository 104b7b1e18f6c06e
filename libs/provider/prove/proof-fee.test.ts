import { expect, test } from '@jest/globals';
import { proofFeePerByte } from './proof-fee.js';

const price = (feePerByte: string, blocks: number) => ({ feePerByte, blocks });
const estimate = { minFeePerByte: '1', next: price('10', 1), soon: price('6', 3), economy: price('2', 20) };
/** Sixteen blocks may hold the proof: 100 to 115. */
const window = { opensAt: 100, closesAt: 115 };

test('a proof pays for patience at first, for the next block from the middle on, and more at the end', () => {
  const at = (height: number): bigint => proofFeePerByte(estimate, window, height);
  expect([100, 107].map(at)).toEqual([6n, 6n]);
  expect([108, 111].map(at)).toEqual([10n, 10n]);
  expect([112, 113].map(at)).toEqual([20n, 20n]);
  expect([114, 115].map(at)).toEqual([40n, 40n]);
});

test('the last block of a short window is urgent too', () => {
  const short = { opensAt: 2, closesAt: 8 };
  expect([2, 5, 7, 8].map((height) => proofFeePerByte(estimate, short, height))).toEqual([6n, 6n, 20n, 40n]);
});

test('never less than the node takes', () => {
  const cheap = { ...estimate, minFeePerByte: '7', soon: price('0', 3) };
  expect(proofFeePerByte(cheap, window, 100)).toBe(7n);
});
