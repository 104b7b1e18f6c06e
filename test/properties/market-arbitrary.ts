import fc from 'fast-check';
import type { Round, Step } from './market-history.js';

const step: fc.Arbitrary<Step> = fc.record({
  action: fc.oneof(
    { weight: 3, arbitrary: fc.constant('transfer' as const) },
    { weight: 1, arbitrary: fc.constant('offer' as const) },
    { weight: 5, arbitrary: fc.constant('form' as const) },
    { weight: 3, arbitrary: fc.constant('prove' as const) },
    {
      weight: 6,
      arbitrary: fc.constantFrom('revise', 'drop', 'renew', 'replace', 'skip', 'drain', 'redeem'),
    },
    { weight: 2, arbitrary: fc.constantFrom('end', 'anchor', 'endpoint', 'garbage') },
  ),
  who: fc.nat(3),
  whom: fc.nat(3),
  amount: fc.oneof(fc.bigInt({ min: 0n, max: 200_000_000_000n }), fc.bigInt({ min: 0n, max: 1_000n })),
  twist: fc.nat(10_000),
});

/** Rounds of a market's history. */
export const rounds: fc.Arbitrary<readonly Round[]> = fc.array(
  fc.record({
    steps: fc.array(step, { maxLength: 4 }),
    reorgDepth: fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat(12) }),
    idleBlocks: fc.oneof(
      { weight: 6, arbitrary: fc.nat(2) },
      { weight: 2, arbitrary: fc.nat(12) },
      { weight: 1, arbitrary: fc.constant(45) },
    ),
  }),
  { minLength: 8, maxLength: 24 },
);

const formed = (twist: number, idleBlocks: number): Round => ({
  steps: [{ action: 'form', who: 0, whom: 1, amount: 0n, twist }],
  reorgDepth: 0,
  idleBlocks,
});
const quiet: Round = { steps: [], reorgDepth: 0, idleBlocks: 0 };

/** One contract proven to its end, one ended early, one failed: so that no run of the property is about nothing. */
export const wholeMarket: readonly Round[] = [
  formed(1, 0),
  ...new Array<Round>(60).fill(quiet),
  formed(8, 0),
  {
    steps: [{ action: 'end', who: 0, whom: 0, amount: 0n, twist: 1 }],
    reorgDepth: 9,
    idleBlocks: 47,
  },
  formed(9, 80),
  { ...quiet, reorgDepth: 100 },
];

const alone = (action: Step['action'], twist: number, amount: bigint): Round => ({
  ...quiet,
  steps: [{ action, who: 0, whom: 1, amount, twist }],
});
const proving = (rounds: number): Round[] => new Array<Round>(rounds).fill(quiet);

/**
 * Every kind of transaction. One contract through every change there is and a renewal; another given to a new holder, which
 * proves it to the end; a third that fails after a proof.
 */
export const everyChange: readonly Round[] = [
  alone('transfer', 1, 5n),
  alone('offer', 1, 5n),
  alone('anchor', 1, 1n),
  alone('endpoint', 1_000, 0n),
  alone('form', 9, 4_000_321n),
  ...proving(8),
  alone('revise', 2, 10n),
  ...proving(25),
  alone('drop', 2, 0n),
  alone('redeem', 1, 100n),
  alone('skip', 1, 0n),
  ...proving(45),
  alone('renew', 1, 500n),
  ...proving(75),
  alone('form', 25, 4_000_321n),
  alone('revise', 2, 10n),
  ...proving(30),
  alone('drain', 1, 0n),
  alone('replace', 2, 1n),
  ...proving(60),
  alone('form', 9, 4_000_321n),
  ...proving(30),
  { ...quiet, idleBlocks: 60 },
];
