import { describe, expect, test } from '@jest/globals';
import { runModel } from './contract-model/run-model.js';

/** Drawn anew in every run and printed; put the printed number here to repeat a history. */
const seed = Math.floor(Math.random() * 2 ** 31);
process.stdout.write(`contract-model: fast-check seed ${seed}\n`);

/** A few seconds on a machine of its own. */
const TIMEOUT_MS = 200_000;

/** Histories of this seed hold all that must have happened for the agreement to mean anything. */
const FULL_SEED = 3;
const KINDS = ['form', 'revise', 'drop', 'renew', 'replace', 'prove', 'end', 'skip', 'drain', 'redeem'];
const HAPPENED = [
  ...KINDS.map((kind) => `${kind} taken`),
  ...['form', 'revise', 'drop', 'renew', 'replace', 'prove'].map((kind) => `${kind} refused`),
  ...['completed', 'ended', 'failed', 'renewed', 'replaced'].map((status) => `contract ${status}`),
  'by tx/signature',
  'by tx/sequence-used',
  'reorg',
];

describe('all actions of honest and hostile parties: the law’s coins and states are those of a simple model', () => {
  test(
    'in histories that hold everything',
    () => {
      const tally = runModel({ seed: FULL_SEED, runs: 8, limitMs: 200_000 });
      expect(HAPPENED.filter((what) => tally[what] === undefined)).toEqual([]);
    },
    TIMEOUT_MS,
  );

  test(
    'in histories nobody has seen before',
    () => {
      const tally = runModel({ seed, runs: 40, limitMs: 10_000 });
      process.stdout.write(`contract-model: ${JSON.stringify(tally)}\n`);
    },
    TIMEOUT_MS,
  );
});
