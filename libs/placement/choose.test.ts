import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { devnet, mainnet, type NetworkParams } from '#chain';
import { type Candidate, choosePlacement, failureDomain, type PlacementRequest, subnetOf } from './index.js';

const request: PlacementRequest = { bytesPerHolder: 1_000n, epochs: 10, height: 100 };

interface Shape {
  readonly provider?: string;
  readonly price?: bigint;
  readonly base?: bigint;
  readonly capacity?: bigint;
  readonly used?: bigint;
  readonly minEpochs?: number;
  readonly maxEpochs?: number;
  readonly offerExpires?: number;
  readonly endpointExpires?: number;
  readonly addresses?: readonly string[];
  readonly owner?: string;
  readonly region?: string;
}

function candidate(shape: Shape = {}): Candidate {
  const provider = shape.provider ?? 'a'.repeat(40);
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
      collateralBps: 10_000,
      minEpochs: shape.minEpochs ?? 1,
      maxEpochs: shape.maxEpochs ?? 100,
      capacityBytes: String(shape.capacity ?? 1_000_000n),
      usedBytes: String(shape.used ?? 0n),
      payout: shared.address,
      publishedAt: 1,
      expiresAt: shape.offerExpires ?? 1_000,
    },
    endpoint: {
      ...shared,
      principal: provider,
      addresses: [...(shape.addresses ?? ['http://10.0.0.1:80'])],
      owner: shape.owner ?? '',
      region: shape.region ?? '',
      registeredAt: 1,
      expiresAt: shape.endpointExpires ?? 1_000,
    },
  };
}

const names = (params: NetworkParams, ...candidates: Candidate[]): string[] =>
  choosePlacement(params, candidates, request).usable.map(({ offer }) => offer.provider);
const why = (shape: Shape, over: Partial<PlacementRequest> = {}): string | undefined =>
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

  test.each<[string, Shape, RegExp]>([
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
  test('cheapest for these bytes first, the base price counted in', () => {
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
  test('devnet: the provider itself; elsewhere only the cheapest of a subnet, owner and region', () => {
    const two = [
      candidate({ provider: 'a', price: 2n << 30n, addresses: ['http://10.0.0.1'] }),
      candidate({ provider: 'b', price: 1n << 30n, addresses: ['http://10.0.0.200:9000'] }),
    ];
    expect(names(devnet, ...two)).toEqual(['b', 'a']);
    expect(names(mainnet, ...two)).toEqual(['b']);
    expect(choosePlacement(mainnet, two, request).refusals[0]?.why).toBe('same failure domain 10.0.0||');
  });

  test.each([
    ['http://10.1.2.3:7110', '10.1.2'],
    ['https://10.1.2.3', '10.1.2'],
    ['http://[2001:db8:1:2:3:4:5:6]:80', '2001:db8:1:2'],
    ['http://[2001:DB8::6]:80', '2001:db8:0:0'],
    ['http://[::1]', '0:0:0:0'],
    ['http://Storage.Example:80', 'storage.example'],
  ])('the subnet of %s is %s', (address, subnet) => {
    expect(subnetOf(address)).toBe(subnet);
  });

  test('another owner or region is another domain', () => {
    const domain = (shape: Shape): string => failureDomain(mainnet, candidate(shape));
    expect(new Set([domain({}), domain({ owner: 'x' }), domain({ region: 'eu' })]).size).toBe(3);
  });
});
