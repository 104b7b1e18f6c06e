import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { devnet, mainnet, type NetworkParams } from '#chain';
import {
  type Candidate,
  choosePlacement,
  failureDomain,
  OccupiedDomains,
  type PlacementRequest,
  subnetOf,
} from './index.js';
import { type CandidateShape, candidate } from './testing/candidate.js';

const request: PlacementRequest = { bytesPerHolder: 1_000n, epochs: 10, height: 100 };

const names = (params: NetworkParams, ...candidates: Candidate[]): string[] =>
  choosePlacement(params, candidates, request).usable.map(({ offer }) => offer.provider);
const why = (shape: CandidateShape, over: Partial<PlacementRequest> = {}): string | undefined =>
  choosePlacement(devnet, [candidate(shape)], { ...request, ...over }).refusals[0]?.why;

describe('who may hold fragments', () => {
  test('a candidate at every limit is taken', () => {
    const edge = {
      capacity: 1_500n,
      used: 500n,
      minEpochs: 10,
      maxEpochs: 10,
      offerExpires: 101,
      endpointExpires: 101,
    };
    expect(choosePlacement(devnet, [candidate(edge)], request)).toMatchObject({ usable: [{}], refusals: [] });
  });

  test.each<[string, CandidateShape, RegExp]>([
    ['an expired offer', { offerExpires: 100 }, /offer expired at height 100/],
    ['an expired endpoint', { endpointExpires: 100 }, /endpoint expired at height 100/],
    ['no address', { addresses: [] }, /announces no address/],
    ['a term below the least', { minEpochs: 11 }, /takes 11 to 100 epochs, not 10/],
    ['a term above the most', { maxEpochs: 9 }, /takes 1 to 9 epochs, not 10/],
    ['one byte too little room', { capacity: 1_499n, used: 500n }, /has 999 bytes left, 1000 are needed/],
  ])('%s refuses, and says why', (_what, shape, text) => {
    expect(why(shape)).toMatch(text);
  });

  test('an excluded provider is not chosen', () => {
    expect(why({}, { exclude: new Set(['a'.repeat(40)]) })).toBe('excluded');
  });
});

describe('the order', () => {
  test('cheapest for these bytes first among equals, the base price counted in', () => {
    const cheapPerByte = candidate({ provider: '1', base: 100n, price: 0n });
    const cheapBase = candidate({ provider: '2', base: 0n, price: 1n << 28n });
    // 2^28 per GiB is 250 for 1,000 bytes.
    expect(names(devnet, cheapBase, cheapPerByte)).toEqual(['1', '2']);
    const usable = choosePlacement(devnet, [cheapPerByte, cheapBase], {
      ...request,
      bytesPerHolder: 399n,
    }).usable;
    expect(usable.map(({ offer }) => offer.provider)).toEqual(['2', '1']);
  });

  test('does not depend on the order of arrival', () => {
    const shape = fc.record({
      provider: fc.stringMatching(/^[0-9a-f]{40}$/),
      price: fc.bigInt({ min: 0n, max: 3n }),
      base: fc.bigInt({ min: 0n, max: 3n }),
      region: fc.constantFrom('', 'eu', 'us'),
      addresses: fc.constantFrom(['http://10.0.0.1'], ['http://10.0.0.2'], ['http://10.0.1.1']),
    });
    fc.assert(
      fc.property(
        fc.uniqueArray(shape, { selector: ({ provider }) => provider, maxLength: 12 }),
        (shapes) => {
          const candidates = shapes.map(candidate);
          for (const params of [devnet, mainnet])
            expect(names(params, ...[...candidates].reverse())).toEqual(names(params, ...candidates));
        },
      ),
      { verbose: true },
    );
  });
});

describe('failure domains', () => {
  test('devnet: the provider itself; elsewhere only the best of a subnet', () => {
    const two = [
      candidate({ provider: 'a', price: 2n << 30n, addresses: ['http://10.0.0.1'] }),
      candidate({ provider: 'b', price: 1n << 30n, addresses: ['http://10.0.0.200:9000'] }),
    ];
    expect(names(devnet, ...two)).toEqual(['b', 'a']);
    expect(names(mainnet, ...two)).toEqual(['b']);
    expect(choosePlacement(mainnet, two, request).refusals[0]?.why).toBe('same failure domain subnet 10.0.0');
  });

  test.each<[string, CandidateShape, CandidateShape, boolean]>([
    [
      'one owner in two subnets',
      { owner: 'Acme', addresses: ['http://10.0.0.1'] },
      { owner: ' acme', addresses: ['http://10.0.1.1'] },
      true,
    ],
    ['two owners in one subnet', { owner: 'x' }, { owner: 'y' }, true],
    ['one subnet in two regions', { region: 'eu' }, { region: 'us' }, true],
    [
      'a subnet of a second address',
      { addresses: ['http://10.0.0.1', 'http://10.0.9.1'] },
      { addresses: ['http://10.0.9.2'] },
      true,
    ],
    [
      'strangers without owner and region',
      { addresses: ['http://10.0.0.1'] },
      { addresses: ['http://10.0.1.1'] },
      false,
    ],
    [
      'two owners of one region',
      { owner: 'x', region: 'eu' },
      { owner: 'y', region: 'eu', addresses: ['http://10.0.1.1'] },
      false,
    ],
  ])('%s', (_what, one, other, isOne) => {
    const chosen = names(
      mainnet,
      candidate({ ...one, provider: '1' }),
      candidate({ ...other, provider: '2' }),
    );
    expect(chosen).toEqual(isOne ? ['1'] : ['1', '2']);
  });

  test('nobody who shares a mark with somebody chosen, or with a domain in use, is chosen', () => {
    const shape = fc.record({
      provider: fc.stringMatching(/^[0-9a-f]{40}$/),
      owner: fc.constantFrom('', 'x', 'y', 'z'),
      addresses: fc.subarray(
        ['http://10.0.0.1', 'http://10.0.1.1', 'http://10.0.2.1', 'http://[2001:db8::1]'],
        {
          minLength: 1,
        },
      ),
    });
    fc.assert(
      fc.property(
        fc.uniqueArray(shape, { selector: ({ provider }) => provider, maxLength: 10 }),
        fc.nat({ max: 8 }),
        (shapes, count) => {
          const [used, ...free] = shapes.map(candidate);
          const occupied = new OccupiedDomains(used === undefined ? [] : [failureDomain(mainnet, used)]);
          const { usable, refusals } = choosePlacement(mainnet, free, { ...request, occupied, count });
          for (const one of usable) {
            expect(occupied.isFree(failureDomain(mainnet, one))).toBe(true);
            occupied.add(failureDomain(mainnet, one));
          }
          // Nobody is left out without a reason: whoever was refused shares a mark.
          expect(usable.length + refusals.length).toBe(free.length);
          const left = free.filter(({ offer }) =>
            usable.every((one) => one.offer.provider !== offer.provider),
          );
          for (const one of left) expect(occupied.isFree(failureDomain(mainnet, one))).toBe(false);
        },
      ),
      { verbose: true },
    );
  });

  test.each([
    ['http://10.1.2.3:7110', '10.1.2'],
    ['https://10.1.2.3', '10.1.2'],
    ['http://[2001:db8:1:2:3:4:5:6]:80', '2001:db8:1:2'],
    ['http://[2001:DB8::6]:80', '2001:db8:0:0'],
    ['http://[::1]', '0:0:0:0'],
    ['http://[::ffff:10.1.2.3]:80', '10.1.2'],
    ['http://Storage.Example.:80', 'storage.example'],
    ['/ip4/10.1.2.3/tcp/7104', '10.1.2'],
    ['/ip6/2001:db8::6/tcp/7104/p2p/12D3', '2001:db8:0:0'],
    ['/dns4/Node.Example/tcp/7104', 'node.example'],
  ])('the subnet of %s is %s', (address, subnet) => {
    expect(subnetOf(address)).toBe(subnet);
  });
});

describe('the first holders', () => {
  const at = (index: number, shape: CandidateShape): Candidate =>
    candidate({ provider: String(index).padStart(2, '0'), addresses: [`http://10.0.${index}.1`], ...shape });
  const good = { proven: 1_000, missed: 0 };

  test('are spread over regions, the undeclared being one of them, unless another is much worse', () => {
    const regions = ['eu', 'eu', 'eu', 'us', 'us', 'us', '', ''];
    const market = regions.map((region, index) => at(index, { region, standing: good }));
    const first = (count: number): string[] =>
      choosePlacement(mainnet, market, { ...request, count })
        .usable.slice(0, 6)
        .map(({ endpoint }) => endpoint.region);
    expect([...first(6)].sort()).toEqual(['', '', 'eu', 'eu', 'us', 'us']);
    expect(first(0)).toEqual(['eu', 'eu', 'eu', 'us', 'us', 'us']);
    const bad = at(9, { region: 'far', standing: { proven: 50, missed: 50 } });
    const chosen = choosePlacement(mainnet, [...market, bad], { ...request, count: 6 }).usable;
    expect(chosen.slice(0, 6).map(({ endpoint }) => endpoint.region)).not.toContain('far');
  });

  test('have their share of newcomers: some where there are blameless ones, not too many where there are others', () => {
    const proven = Array.from({ length: 30 }, (_, index) => at(index, { price: 3n << 50n, standing: good }));
    const dear = Array.from({ length: 30 }, (_, index) => at(40 + index, { price: 9n << 50n }));
    const cheap = Array.from({ length: 30 }, (_, index) => at(40 + index, { price: 0n }));
    const newcomers = (market: readonly Candidate[]): number =>
      choosePlacement(mainnet, market, { ...request, count: 24 })
        .usable.slice(0, 24)
        .filter(({ standing }) => standing === undefined).length;
    expect(newcomers([...proven, ...dear])).toBe(3);
    expect(newcomers([...proven, ...cheap])).toBe(8);
    expect(newcomers(dear)).toBe(24);
    const blamed = dear.map((one) => ({ ...one, standing: { missed: 1 } }));
    const { usable } = choosePlacement(mainnet, [...proven, ...blamed], { ...request, count: 24 });
    expect(usable.slice(0, 24).every(({ standing }) => standing === good)).toBe(true);
  });
});
