import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { devnet, mainnet, type NetworkParams } from '#chain';
import {
  type Candidate,
  choosePlacement,
  PLACEMENT_WEIGHTS,
  type Standing,
  scoreCandidates,
} from './index.js';
import { type CandidateShape, candidate } from './testing/candidate.js';

const BYTES = 1_000n;
const GIB = 1n << 30n;
const request = { bytesPerHolder: BYTES, epochs: 10, height: 100 };

/** Base units an epoch for the bytes asked for. */
const priced = (units: bigint): bigint => (units * GIB) / BYTES;
const order = (...shapes: CandidateShape[]): string[] =>
  choosePlacement(devnet, shapes.map(candidate), request).usable.map(({ offer }) => offer.provider);

const standing: fc.Arbitrary<Standing> = fc.record(
  {
    proven: fc.nat({ max: 2_000 }),
    missed: fc.nat({ max: 200 }),
    failed: fc.nat({ max: 5 }),
    drained: fc.nat({ max: 20 }),
    latencyMs: fc.double({ min: 0, max: 5_000, noNaN: true }),
    failuresSeen: fc.nat({ max: 8 }),
    slowSeen: fc.boolean(),
  },
  { requiredKeys: ['proven', 'missed', 'failed', 'drained', 'latencyMs', 'failuresSeen', 'slowSeen'] },
);
const shape = fc.record({
  provider: fc.stringMatching(/^[0-9a-f]{40}$/),
  price: fc.bigInt({ min: 0n, max: priced(1_000n) }),
  base: fc.bigInt({ min: 0n, max: 100n }),
  used: fc.bigInt({ min: 0n, max: 900_000n }),
  region: fc.constantFrom('', 'eu', 'us'),
  owner: fc.constantFrom('', '', 'x', 'y'),
  addresses: fc.constantFrom(
    ['http://10.0.0.1'],
    ['http://10.0.1.1'],
    ['http://10.0.2.1'],
    ['http://10.0.3.1'],
  ),
  standing,
});
const market = fc.uniqueArray(shape, { selector: ({ provider }) => provider, minLength: 2, maxLength: 12 });

type Improve = (shape: CandidateShape & { standing: Standing }) => CandidateShape;

const cheaper: readonly Improve[] = [
  (one) => ({ ...one, price: (one.price ?? 0n) / 2n }),
  (one) => ({ ...one, price: 0n }),
  (one) => ({ ...one, base: 0n }),
];
const moreReliable: readonly Improve[] = [
  (one) => ({ ...one, used: (one.used ?? 0n) / 3n }),
  (one) => ({ ...one, standing: { ...one.standing, missed: Math.floor((one.standing.missed ?? 0) / 2) } }),
  (one) => ({ ...one, standing: { ...one.standing, failed: 0 } }),
  (one) => ({ ...one, standing: { ...one.standing, drained: 0 } }),
  (one) => ({ ...one, standing: { ...one.standing, latencyMs: (one.standing.latencyMs ?? 0) / 2 } }),
  (one) => ({ ...one, standing: { ...one.standing, failuresSeen: 0 } }),
  (one) => ({ ...one, standing: { ...one.standing, slowSeen: false } }),
];
const moreProven: Improve = (one) => ({
  ...one,
  standing: { ...one.standing, proven: (one.standing.proven ?? 0) + 500 },
});

const rankOf = (usable: readonly Candidate[], provider: string): number => {
  const rank = usable.findIndex(({ offer }) => offer.provider === provider);
  return rank < 0 ? Number.POSITIVE_INFINITY : rank;
};

describe('a better candidate never ranks lower', () => {
  const neverLower = (
    improvements: readonly Improve[],
    networks: readonly NetworkParams[],
    counts: fc.Arbitrary<number>,
  ): void =>
    fc.assert(
      fc.property(
        market,
        fc.constantFrom(...improvements),
        counts,
        fc.nat({ max: 11 }),
        (shapes, improve, count, pick) => {
          const at = pick % shapes.length;
          const provider = shapes[at]?.provider ?? '';
          const improved = shapes.map((one, index) => (index === at ? improve(one) : one));
          for (const params of networks) {
            const before = choosePlacement(params, shapes.map(candidate), { ...request, count }).usable;
            const after = choosePlacement(params, improved.map(candidate), { ...request, count }).usable;
            expect(rankOf(after, provider)).toBeLessThanOrEqual(rankOf(before, provider));
          }
        },
      ),
      { numRuns: 300, verbose: true },
    );

  test('in any network, with any number of holders wanted, when it is more reliable or has more room', () => {
    neverLower(moreReliable, [devnet, mainnet], fc.nat({ max: 10 }));
  });

  test('when it has proven more; only the places kept for newcomers end with that', () => {
    neverLower([moreProven], [devnet, mainnet], fc.constant(0));
  });

  test('when it is cheaper, though the median that prices are held against may move with it', () => {
    neverLower(cheaper, [devnet], fc.constant(0));
  });
});

test('scores and their parts are from 0 to 1, and their product', () => {
  fc.assert(
    fc.property(market, (shapes) => {
      for (const { score, parts } of scoreCandidates(shapes.map(candidate), BYTES)) {
        const values = Object.values(parts);
        expect(values.every((part) => part > 0 && part <= 1)).toBe(true);
        expect(score).toBeCloseTo(
          values.reduce((product, part) => product * part, 1),
          12,
        );
      }
    }),
  );
});

describe('who is taken before whom', () => {
  const proven = { proven: 1_000, missed: 5 };

  test('a slightly dearer one that keeps its word before a cheap one that does not, at any price down to nothing', () => {
    const good = { provider: 'good', price: priced(1_100n), standing: proven };
    for (const price of [1_000n, 500n, 0n]) {
      const bad = { provider: 'bad', price: priced(price), standing: { proven: 700, missed: 300 } };
      expect(order(bad, good)).toEqual(['good', 'bad']);
    }
    const cheap = { provider: 'cheap', price: priced(500n), standing: proven };
    expect(order(good, cheap)).toEqual(['cheap', 'good']);
  });

  test('a newcomer between those that keep their word and those that do not', () => {
    const bad = { provider: 'bad', standing: { proven: 800, missed: 200 } };
    expect(order(bad, { provider: 'new' }, { provider: 'good', standing: proven })).toEqual([
      'good',
      'new',
      'bad',
    ]);
  });

  test('a failed contract weighs more than leaving in good order', () => {
    const left = { provider: 'left', standing: { ...proven, drained: 8 } };
    const failed = { provider: 'failed', standing: { ...proven, failed: 8 } };
    expect(order(failed, left)).toEqual(['left', 'failed']);
  });

  test('who answers, who is quick, who has room, who did not fail here', () => {
    const usual = {
      provider: 'a',
      used: 500_000n,
      standing: { latencyMs: 50, probesMade: 90, probesAnswered: 90 },
    };
    expect(order({ ...usual, provider: 'b' }, usual)).toEqual(['a', 'b']);
    const others: CandidateShape[] = [
      { standing: { ...usual.standing, latencyMs: 20 } },
      { standing: { ...usual.standing, probesMade: 900, probesAnswered: 900 } },
      { used: 100_000n },
    ];
    for (const other of others)
      expect(order({ ...usual, ...other, provider: 'b' }, usual)).toEqual(['b', 'a']);
    const seen = { ...usual, standing: { ...usual.standing, failuresSeen: 1 } };
    expect(order(seen, { ...usual, provider: 'b' })).toEqual(['b', 'a']);
  });

  test('half the market at next to nothing does not buy all holders', () => {
    const honest = Array.from({ length: 20 }, (_, index) => ({
      provider: `h${index}`,
      price: priced(1_000n),
      standing: proven,
    }));
    const flood = Array.from({ length: 60 }, (_, index) => ({ provider: `s${index}`, price: 0n }));
    const { usable } = choosePlacement(devnet, [...honest, ...flood].map(candidate), {
      ...request,
      count: 24,
    });
    const strangers = usable.slice(0, 24).filter(({ offer }) => offer.provider.startsWith('s')).length;
    // Twenty honest ones are there for twenty-four places.
    expect(strangers).toBe(Math.ceil(24 * PLACEMENT_WEIGHTS.newcomersAtMost));
  });
});
