import fc from 'fast-check';
import type { Round, Step } from './market-history.js';

const step: fc.Arbitrary<Step> = fc.record({
  action: fc.oneof(
    { weight: 3, arbitrary: fc.constant('transfer' as const) },
    { weight: 1, arbitrary: fc.constant('offer' as const) },
    { weight: 5, arbitrary: fc.constant('form' as const) },
    { weight: 3, arbitrary: fc.constant('prove' as const) },
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
