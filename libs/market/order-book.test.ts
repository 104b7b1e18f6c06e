import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { devnet, mainnet } from '#chain';
import { type BookCandidate, type BookFilter, type BookOrder, matchOffers, recordScore } from './index.js';

interface Shape {
  readonly name?: string;
  readonly base?: bigint;
  readonly price?: bigint;
  readonly collateralBps?: number;
  readonly capacity?: bigint;
  readonly used?: bigint;
  readonly expiresAt?: number;
  readonly address?: string | null;
  readonly region?: string;
  readonly owner?: string;
  readonly record?: Partial<BookCandidate['record']>;
  readonly isDown?: boolean;
}

function candidate(shape: Shape = {}): BookCandidate {
  const provider = (shape.name ?? 'a').repeat(40);
  const shared = { address: `address of ${provider}`, publicKey: '00'.repeat(32) };
  return {
    offer: {
      ...shared,
      provider,
      number: '1',
      basePerEpoch: String(shape.base ?? 0n),
      pricePerGiBEpoch: String(shape.price ?? 1_000n),
      pricePerGiBRead: '0',
      freeReadBytesPerEpoch: '0',
      collateralBps: shape.collateralBps ?? 10_000,
      minEpochs: 2,
      maxEpochs: 100,
      capacityBytes: String(shape.capacity ?? 1n << 40n),
      usedBytes: String(shape.used ?? 0n),
      payout: shared.address,
      publishedAt: 1,
      expiresAt: shape.expiresAt ?? 1_000,
    },
    endpoint:
      shape.address === null
        ? null
        : {
            ...shared,
            principal: provider,
            addresses: [shape.address ?? `http://10.0.${provider.charCodeAt(0)}.1:80`],
            owner: shape.owner ?? 'o',
            region: shape.region ?? 'r',
            registeredAt: 1,
            expiresAt: 1_000,
          },
    record: { proven: 0, missed: 0, failed: 0, ...shape.record },
    isDown: shape.isDown ?? false,
  };
}

const book = (shapes: readonly Shape[], filter: BookFilter = {}, order: BookOrder = 'price') =>
  matchOffers(devnet, 10, shapes.map(candidate), filter, order);
const fitting = (...given: Parameters<typeof book>): string[] =>
  book(...given)
    .filter(({ why }) => why === undefined)
    .map(({ candidate: { offer } }) => offer.provider[0] ?? '');

describe('the state of an offer', () => {
  test.each([
    [{}, 'open'],
    [{ capacity: 0n }, 'withdrawn'],
    [{ capacity: 0n, expiresAt: 5 }, 'withdrawn'],
    [{ expiresAt: 10 }, 'expired'],
    [{ expiresAt: 11 }, 'open'],
    [{ address: null }, 'no-address'],
    [{ capacity: 5n, used: 5n }, 'full'],
    [{ capacity: 5n, used: 6n }, 'full'],
    [{ capacity: 5n, used: 4n }, 'open'],
    [{ isDown: true }, 'down'],
  ] as const)('%j is %s', (shape, state) => {
    const [line] = book([shape]);
    expect(line?.state).toBe(state);
    expect(line?.why === undefined).toBe(state === 'open');
  });
});

describe('what is asked for', () => {
  test.each<[string, Shape, BookFilter, BookFilter]>([
    ['room', { capacity: 100n, used: 40n }, { bytes: 60n }, { bytes: 61n }],
    ['term', {}, { epochs: 100 }, { epochs: 101 }],
    ['least term', {}, { epochs: 2 }, { epochs: 1 }],
    // 1,000 a GiB and 500 an epoch: half a GiB costs 1,000 an epoch, which is 2,000 a GiB.
    [
      'price',
      { base: 500n },
      { bytes: 1n << 29n, maxPricePerGiBEpoch: 2_000n },
      { bytes: 1n << 29n, maxPricePerGiBEpoch: 1_999n },
    ],
    ['collateral', { collateralBps: 7_000 }, { minCollateralBps: 7_000 }, { minCollateralBps: 7_001 }],
    ['history', { record: { proven: 9 } }, { minProven: 9 }, { minProven: 10 }],
    ['misses', { record: { proven: 99, missed: 1 } }, { maxMissedBps: 100 }, { maxMissedBps: 99 }],
    ['region', { region: 'north' }, { region: 'north' }, { region: 'south' }],
    ['owner', {}, { owner: 'o' }, { owner: 'other' }],
  ])('%s: fits at the limit and not beyond', (_what, shape, fits, refuses) => {
    expect(book([shape], fits)[0]?.why).toBeUndefined();
    expect(book([shape], refuses)[0]?.why).toEqual(expect.any(String));
  });

  test('one of each failure domain: the first in the order that fits', () => {
    const shapes: Shape[] = [
      { name: 'a', price: 10n, address: 'http://10.0.0.1', expiresAt: 1 },
      { name: 'b', price: 30n, address: 'http://10.0.0.2' },
      { name: 'c', price: 20n, address: 'http://10.0.0.3' },
      { name: 'd', price: 40n, address: 'http://10.0.1.3', owner: 'another' },
      { name: 'e', price: 50n, address: 'http://10.0.2.3' },
    ];
    const lines = matchOffers(mainnet, 10, shapes.map(candidate), { isOnePerDomain: true }, 'price');
    expect(lines.map(({ candidate: { offer }, why }) => [offer.provider[0], why?.split(' ')[0]])).toEqual([
      ['a', 'its'],
      ['c', undefined],
      ['b', 'same'],
      ['d', undefined],
      ['e', 'same'],
    ]);
  });
});

describe('the order', () => {
  const shapes: Shape[] = [
    { name: 'a', price: 30n, collateralBps: 5_000, record: { proven: 1, missed: 1 }, capacity: 1n << 30n },
    { name: 'b', price: 20n, collateralBps: 9_000, record: { proven: 50, missed: 1 }, capacity: 3n << 30n },
    { name: 'c', price: 10n, collateralBps: 7_000, record: { proven: 2, missed: 9 }, capacity: 2n << 30n },
    { name: 'd', price: 25n, collateralBps: 7_000, record: {}, capacity: 2n << 30n },
  ];
  test.each<[BookOrder, string]>([
    ['price', 'cbda'],
    ['collateral', 'bcda'],
    // Newcomers stand with those that keep half of their word.
    ['record', 'bdac'],
    ['free', 'bcda'],
    ['provider', 'abcd'],
  ])('by %s, then by price', (order, expected) => {
    expect(fitting(shapes, {}, order).join('')).toBe(expected);
  });

  test('does not depend on the order offers come in', () => {
    fc.assert(
      fc.property(
        fc.shuffledSubarray(shapes, { minLength: 4 }),
        fc.constantFrom<BookOrder>('price', 'record', 'free'),
        (mixed, order) => {
          expect(fitting(mixed, {}, order)).toEqual(fitting(shapes, {}, order));
        },
      ),
      { verbose: true },
    );
  });

  test('a record: proving raises it, missing lowers it, nobody reaches all or nothing', () => {
    const count = fc.integer({ min: 0, max: 100_000 });
    fc.assert(
      fc.property(count, count, (proven, missed) => {
        const score = recordScore({ proven, missed, failed: 0 });
        expect(score).toBeGreaterThanOrEqual(0n);
        expect(score).toBeLessThan(10_000n);
        expect(recordScore({ proven: proven + 1, missed, failed: 0 })).toBeGreaterThanOrEqual(score);
        expect(recordScore({ proven, missed: missed + 1, failed: 0 })).toBeLessThanOrEqual(score);
      }),
      { verbose: true },
    );
  });
});
