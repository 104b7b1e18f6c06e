import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { devnet } from '#chain';
import {
  defaultRenewalPolicy,
  planRenewals,
  type RenewalCandidate,
  type RenewalNote,
  type RenewalPolicy,
} from './index.js';

const policy: RenewalPolicy = {
  limit: 100n,
  leadBlocks: 60,
  warnBlocks: [140, 60, 20],
  retryBlocks: 8,
  epochs: 30,
};
const candidate = (
  contract: string,
  endHeight: number,
  more: Partial<RenewalCandidate> = {},
): RenewalCandidate => ({
  contract,
  keeps: `${contract}.txt`,
  endHeight,
  hasOpenWindow: false,
  cost: 40n,
  ...more,
});
const note = (more: Partial<RenewalNote>): RenewalNote => ({
  state: 'waiting',
  amount: 0n,
  attempts: 0,
  retryAt: 0,
  warned: [],
  ...more,
});
const plan = (
  height: number,
  candidates: readonly RenewalCandidate[],
  notes: Record<string, RenewalNote> = {},
  changes: Partial<RenewalPolicy> = {},
) => planRenewals({ ...policy, ...changes }, height, candidates, new Map(Object.entries(notes)));

describe('when a contract is renewed', () => {
  test('not before its lead, then at once', () => {
    expect(plan(939, [candidate('a', 1_000)]).renew).toEqual([]);
    expect(plan(940, [candidate('a', 1_000)]).renew).toEqual([{ contract: 'a', most: 40n }]);
    // Also after its end, while it is not settled.
    expect(plan(1_005, [candidate('a', 1_000)]).renew).toHaveLength(1);
  });

  test('not while a challenge waits for its proof; that is no reason to warn', () => {
    const { renew, warn, contracts } = plan(990, [candidate('a', 1_000, { hasOpenWindow: true })]);
    expect([renew, warn, contracts[0]?.outlook]).toEqual([[], [], 'automatic']);
  });

  test('never twice, and not again before the next attempt is due', () => {
    const renewed = { a: note({ state: 'renewed', amount: 40n, successor: 'b' }) };
    expect(plan(990, [candidate('a', 1_000)], renewed)).toMatchObject({
      renew: [],
      contracts: [],
      spent: 40n,
    });
    const trying = { a: note({ state: 'trying', amount: 40n, attempts: 1, retryAt: 995 }) };
    expect(plan(994, [candidate('a', 1_000)], trying)).toMatchObject({ renew: [], reserved: 40n });
    expect(plan(995, [candidate('a', 1_000)], trying).renew).toHaveLength(1);
  });

  test('a refusal is tried again later, and warned about', () => {
    const refused = { a: note({ state: 'refused', attempts: 2, retryAt: 980, why: 'it is full' }) };
    const early = plan(979, [candidate('a', 1_000)], refused);
    expect(early.renew).toEqual([]);
    expect(early.warn).toEqual([{ contract: 'a', lead: 60 }]);
    expect(early.contracts[0]).toMatchObject({
      outlook: 'refused',
      lapseWhy: 'attempt 2 failed: it is full',
    });
    const later = plan(980, [candidate('a', 1_000)], refused);
    expect(later.renew).toHaveLength(1);
    expect(later.warn).toEqual([{ contract: 'a', lead: 20 }]);
  });
});

describe('the limit', () => {
  test('goes to whoever ends first; the others are named with what is missing', () => {
    const { renew, contracts } = plan(990, [
      candidate('c', 1_002),
      candidate('a', 1_000),
      candidate('b', 1_001),
    ]);
    expect(renew.map(({ contract }) => contract)).toEqual(['a', 'b']);
    expect(contracts.map(({ outlook }) => outlook)).toEqual(['automatic', 'automatic', 'over-limit']);
    expect(contracts[2]?.lapseWhy).toBe(
      'renewing takes up to 40 base units, 20 of the limit of 100 are left',
    );
  });

  test('counts what was spent and what is under way; what is under way does not stand in its own way', () => {
    const notes = {
      x: note({ state: 'renewed', amount: 30n }),
      a: note({ state: 'trying', amount: 40n, attempts: 1 }),
    };
    const { renew, contracts } = plan(990, [candidate('a', 1_000), candidate('b', 1_001)], notes);
    expect(renew).toEqual([{ contract: 'a', most: 40n }]);
    expect(contracts[1]?.outlook).toBe('over-limit');
  });

  test('of nothing renews nothing; without one, every lapse is warned about', () => {
    expect(plan(990, [candidate('a', 1_000)], {}, { limit: 0n }).contracts[0]?.outlook).toBe('over-limit');
    const off = plan(990, [candidate('a', 1_000)], {}, { limit: undefined });
    expect([off.renew, off.contracts[0]?.outlook, off.warn]).toEqual([
      [],
      'off',
      [{ contract: 'a', lead: 20 }],
    ]);
  });
});

describe('a warning', () => {
  test.each([
    [859, undefined],
    [860, 140],
    [939, 140],
    [940, 60],
    [980, 20],
    [1_003, 20],
  ])('at height %i of a contract that ends at 1000 is that of the lead %p, once', (height, lead) => {
    const off = { limit: undefined };
    const due = plan(height, [candidate('a', 1_000)], {}, off).warn;
    expect(due).toEqual(lead === undefined ? [] : [{ contract: 'a', lead }]);
    const given = { a: note({ warned: lead === undefined ? [] : [lead] }) };
    expect(plan(height, [candidate('a', 1_000)], given, off).warn).toEqual([]);
  });

  test('a provider that offers nothing any more is named', () => {
    const gone = candidate('a', 1_000, { cost: undefined, why: 'its offer expired' });
    expect(plan(990, [gone]).contracts[0]).toMatchObject({
      outlook: 'refused',
      lapseWhy: 'its offer expired',
    });
    expect(plan(990, [gone]).renew).toEqual([]);
  });
});

test('whatever happens, the limit holds and nothing is renewed twice: passes over random costs, refusals and restarts', () => {
  const contracts = fc.array(
    fc.record({
      end: fc.integer({ min: 100, max: 400 }),
      cost: fc.bigInt({ min: 0n, max: 60n }),
      refusals: fc.nat(3),
    }),
    { maxLength: 12 },
  );
  fc.assert(
    fc.property(contracts, fc.bigInt({ min: 0n, max: 200n }), (shapes, limit) => {
      const notes = new Map<string, RenewalNote>();
      const taken = new Map<string, bigint>();
      const refusals = shapes.map(({ refusals: count }) => count);
      for (let height = 0; height < 420; height += 3) {
        const open = shapes.flatMap(({ end, cost }, index) =>
          taken.has(`${index}`) ? [] : [candidate(`${index}`, end, { cost })],
        );
        const { renew } = planRenewals({ ...policy, limit }, height, open, notes);
        for (const { contract, most } of renew) {
          const index = Number(contract);
          const attempts = (notes.get(contract)?.attempts ?? 0) + 1;
          const isRefused = (refusals[index] ?? 0) > 0;
          if (isRefused) refusals[index] = (refusals[index] ?? 0) - 1;
          else taken.set(contract, most);
          notes.set(
            contract,
            note({
              state: isRefused ? 'refused' : 'renewed',
              amount: isRefused ? 0n : most,
              attempts,
              retryAt: height + policy.retryBlocks,
            }),
          );
          expect(renew.filter((each) => each.contract === contract)).toHaveLength(1);
        }
        const sum = [...taken.values()].reduce((total, amount) => total + amount, 0n);
        expect(sum).toBeLessThanOrEqual(limit);
      }
    }),
    { verbose: true },
  );
});

test('by default three epochs ahead, with warnings seven, three and one epoch before', () => {
  expect(defaultRenewalPolicy(devnet, { limit: 5n })).toEqual({
    limit: 5n,
    leadBlocks: 60,
    warnBlocks: [140, 60, 20],
    retryBlocks: 8,
    epochs: 30,
  });
});
