import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type FileFacts, type HolderFacts, isLive, planRepairs } from './index.js';
import { isOver } from './plan.js';

const RULES = { epochBlocks: 20 };
const HEIGHT = 1_000;
const holder = (contract: string, more: Partial<HolderFacts> = {}): HolderFacts => ({
  contract,
  provider: `provider of ${contract}`,
  isActive: true,
  replaceable: null,
  hasOpenWindow: false,
  silentSince: undefined,
  causeSince: undefined,
  lastHeight: HEIGHT + 500,
  ...more,
});
const missed = (contract: string, silentFor: number | undefined) =>
  holder(contract, {
    replaceable: 'missed',
    causeSince: HEIGHT - 5,
    silentSince: silentFor === undefined ? undefined : HEIGHT - silentFor,
  });
const failed = (contract: string, more: Partial<HolderFacts> = {}) =>
  holder(contract, { isActive: false, replaceable: 'failed', causeSince: HEIGHT - 1, ...more });
const file = (...contracts: string[]): FileFacts => ({
  subject: contracts.join(''),
  profile: { k: 2, repairBelow: 3 },
  placements: [contracts],
});
const plan = (holders: readonly HolderFacts[], ...files: FileFacts[]) =>
  planRepairs(RULES, HEIGHT, new Map(holders.map((one) => [one.contract, one])), files);
const reasons = (holders: readonly HolderFacts[], ...files: FileFacts[]) =>
  plan(holders, ...files).repairs.map(({ contract, reason }) => [contract, reason]);

describe('what is repaired', () => {
  const alive = [holder('a'), holder('b'), holder('c')];

  test('a failure and a drain always; a drain waits for an open challenge', () => {
    expect(reasons([...alive, failed('d')], file('a', 'b', 'c', 'd'))).toEqual([['d', 'failed']]);
    const drained = holder('d', { replaceable: 'drained' });
    expect(reasons([...alive, drained], file('a', 'b', 'c', 'd'))).toEqual([['d', 'drained']]);
    const asked = { ...drained, hasOpenWindow: true };
    expect(reasons([...alive, asked], file('a', 'b', 'c', 'd'))).toEqual([]);
  });

  test('a miss alone is no reason: its holder proves again, or is silent for less than an epoch above the threshold', () => {
    expect(reasons([...alive, missed('d', undefined)], file('a', 'b', 'c', 'd'))).toEqual([]);
    expect(reasons([...alive, missed('d', 19)], file('a', 'b', 'c', 'd'))).toEqual([]);
    expect(reasons([...alive, missed('d', 20)], file('a', 'b', 'c', 'd'))).toEqual([['d', 'departed']]);
  });

  test('below the threshold a miss of a silent holder is enough; silence without a cause on the chain never is', () => {
    const two = [holder('a'), holder('b')];
    expect(reasons([...two, missed('c', 1), missed('d', 1)], file('a', 'b', 'c', 'd'))).toEqual([
      ['c', 'below-threshold'],
      ['d', 'below-threshold'],
    ]);
    const silent = holder('c', { silentSince: 0 });
    expect(reasons([...two, silent, missed('d', undefined)], file('a', 'b', 'c', 'd'))).toEqual([]);
  });

  test('a returned holder cancels what was planned', () => {
    const before = [...alive, missed('d', 30)];
    expect(reasons(before, file('a', 'b', 'c', 'd'))).toHaveLength(1);
    expect(reasons([...alive, missed('d', undefined)], file('a', 'b', 'c', 'd'))).toEqual([]);
  });

  test('nothing that nobody pays for, and nothing that cannot be rebuilt: it is said to be lost', () => {
    expect(reasons([...alive, failed('d', { lastHeight: HEIGHT - 1 })], file('a', 'b', 'c', 'd'))).toEqual(
      [],
    );
    const gone = plan([holder('a'), failed('b'), failed('c')], file('a', 'b', 'c'));
    expect(gone).toMatchObject({ repairs: [], lost: ['abc'] });
    expect(gone.live.get('abc')).toBe(1);
  });

  test('the worst segment of all files of a contract counts', () => {
    const files = [file('a', 'b', 'c', 'x'), { ...file('a', 'b', 'y', 'x'), subject: 'other' }];
    const holders = [...alive, missed('x', 1), failed('y')];
    const [first, second] = plan(holders, ...files).repairs;
    expect(first).toMatchObject({ contract: 'x', reason: 'below-threshold', spare: 0 });
    expect(first?.subjects).toEqual(['abcx', 'other']);
    expect(second).toMatchObject({ contract: 'y', reason: 'failed', spare: 0 });
  });
});

test('what comes first: fewest live fragments, then most holders gone, then the deadline', () => {
  const holders = [
    ...['a', 'b', 'c', 'd', 'e', 'f'].map((id) => holder(id)),
    failed('s'),
    failed('t', { causeSince: HEIGHT - 9 }),
    failed('u'),
    failed('v', { lastHeight: HEIGHT + 2 }),
    failed('w'),
    holder('z', { isActive: false }),
  ];
  const files = [
    file('a', 'b', 'c', 'd', 's'),
    file('a', 'b', 'c', 'e', 't'),
    file('a', 'b', 'u'),
    file('c', 'd', 'e', 'f', 'v'),
    file('a', 'b', 'c', 'd', 'w', 'z'),
  ];
  expect(plan(holders, ...files).repairs.map(({ contract }) => contract)).toEqual(['u', 'w', 'v', 't', 's']);
});

describe('properties', () => {
  const anyHolder = (contract: string) =>
    fc
      .record({
        // Most are well: scenes in which all is lost say little.
        state: fc.constantFrom('ok', 'ok', 'ok', 'ok', 'missed', 'failed', 'drained', 'over'),
        silentFor: fc.oneof(
          { weight: 4, arbitrary: fc.constant(undefined) },
          { weight: 1, arbitrary: fc.nat(60) },
        ),
        hasOpenWindow: fc.boolean(),
        lastHeight: fc.integer({ min: HEIGHT - 5, max: HEIGHT + 50 }),
      })
      .map(({ state, silentFor, hasOpenWindow, lastHeight }) =>
        holder(contract, {
          isActive: state !== 'failed' && state !== 'over',
          replaceable: state === 'ok' || state === 'over' ? null : (state as 'missed'),
          silentSince: silentFor === undefined ? undefined : HEIGHT - silentFor,
          hasOpenWindow,
          lastHeight,
        }),
      );
  const ids = Array.from({ length: 12 }, (_, index) => `c${index}`);
  const anyFile = fc
    .tuple(fc.uniqueArray(fc.constantFrom(...ids), { minLength: 4, maxLength: 8 }), fc.nat(1_000))
    .map(([contracts, salt]) => ({ ...file(...contracts), subject: `${contracts.join('')}${salt}` }));
  const anyScene = fc.tuple(
    fc.tuple(...ids.map(anyHolder)),
    fc.array(anyFile, { minLength: 1, maxLength: 6 }),
  );

  test('only what the ledger would take, never what cannot be rebuilt, each once, sorted by risk', () => {
    fc.assert(
      fc.property(anyScene, ([holders, files]) => {
        const byId = new Map(holders.map((one) => [one.contract, one]));
        const { repairs } = planRepairs(RULES, HEIGHT, byId, files);
        expect(new Set(repairs.map(({ contract }) => contract)).size).toBe(repairs.length);
        for (const [at, { contract, spare, deadline }] of repairs.entries()) {
          const one = byId.get(contract);
          expect(one?.replaceable).not.toBeNull();
          expect(one?.replaceable === 'drained' && one.hasOpenWindow).toBe(false);
          expect(one?.replaceable === 'missed' && isLive(one)).toBe(false);
          expect(spare).toBeGreaterThanOrEqual(0);
          expect(deadline).toBeLessThanOrEqual(one?.lastHeight ?? 0);
          if (at > 0) expect(spare).toBeGreaterThanOrEqual(repairs[at - 1]?.spare ?? 0);
          const inFiles = files.filter(({ placements }) => placements[0]?.includes(contract));
          for (const { placements } of inFiles) {
            const alive = placements[0]?.filter((id) => isLive(byId.get(id as string))).length ?? 0;
            expect(alive - 2).toBeGreaterThanOrEqual(spare);
          }
        }
      }),
      { numRuns: 300 },
    );
  });

  test('a failed contract of a file that can be rebuilt is always planned, whatever else happens', () => {
    fc.assert(
      fc.property(anyScene, ([holders, files]) => {
        const byId = new Map(holders.map((one) => [one.contract, one]));
        const { repairs, lost } = planRepairs(RULES, HEIGHT, byId, files);
        const planned = new Set(repairs.map(({ contract }) => contract));
        for (const { contract, replaceable, lastHeight } of holders) {
          const inFiles = files.filter(({ placements }) => placements[0]?.includes(contract));
          const isDue = replaceable === 'failed' && HEIGHT <= lastHeight && inFiles.length > 0;
          const isPossible = inFiles.every(({ subject }) => !lost.includes(subject));
          if (isDue) expect(planned.has(contract)).toBe(isPossible);
        }
      }),
      { numRuns: 300 },
    );
  });
});

describe('a file is let go', () => {
  test('when all its contracts settled and no reorganisation brings them back', () => {
    expect(isOver([100, 150], 250)).toBe(true);
    expect(isOver([100, 150], 249)).toBe(false);
    expect(isOver([100, null], 10_000)).toBe(false);
  });

  test('not because a node that begins anew does not know its contracts yet', () => {
    expect(isOver([undefined, undefined], 10_000)).toBe(false);
    expect(isOver([100, undefined], 10_000)).toBe(false);
  });
});
