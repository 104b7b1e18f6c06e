import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { mainnet } from '#chain';
import { detectionProbability, measureDetection, missProbability } from './detection.js';
import { ECONOMY_FOLDER, findStaleDocuments, readResults } from './documents.js';
import { chartToSvg } from './line-chart.js';
import { MINT_RULES, type MintRuleId } from './mint-rules.js';
import { AFTERWARDS, type FarmPlan, IDLE } from './plan.js';
import { findWrongSigns, measureProfits, WorldRuns } from './profit.js';
import { DEFAULT_SEED, decodeResults, encodeResults, findStaleFigures } from './results.js';
import { atLeast, wilsonInterval } from './statistics.js';
import { STRATEGIES, type Strategy } from './strategies.js';

const folder = join(fileURLToPath(new URL('../../../../', import.meta.url)), ECONOMY_FOLDER);

/** Farms of every make. */
const anyFarm: fc.Arbitrary<FarmPlan> = fc.record({
  client: fc.constant('attacker' as const),
  provider: fc.constant('attacker' as const),
  contracts: fc.integer({ min: 1, max: 16 }),
  epochs: fc.integer({ min: 1, max: 3 }),
  fragments: fc.integer({ min: 4, max: 12 }),
  fragmentBytes: fc.integer({ min: 1, max: 1024 }),
  pricePerGiBEpoch: fc.bigInt({ min: 0n, max: 1n << 60n }),
  fee: fc.constantFrom(0n, 1n, 1_000_000n),
  slots: fc.constantFrom('as they fall' as const, { groundInGroupsOf: 3 }),
  proofs: fc.constantFrom('published' as const, 'own blocks', 'first only', 'never'),
  lostShare: fc.constantFrom(0, 0, 0.25),
  storage: fc.constant('kept' as const),
  afterwards: fc.constantFrom(...AFTERWARDS),
});

/** Rows between others that are tried; the full run has them. */
const LEFT_OUT = new Set(['self-dealing', 'from-a-seed', 'drop-5', 'drop-10']);

describe('the economy under attack', () => {
  test('no strategy pays under the law, farming pays under every other mint rule', () => {
    const hashPercents = [20];
    const left = STRATEGIES.filter(({ id }) => !LEFT_OUT.has(id));
    const isShown = (strategy: Strategy, rule: MintRuleId): boolean =>
      left.includes(strategy) && (rule === 'law' || strategy.id === 'ground-ids' || rule === 'repriced');
    const rows = measureProfits(DEFAULT_SEED, hashPercents, { isShown });
    expect(findWrongSigns(rows, hashPercents)).toEqual([]);
    expect(rows.filter(({ rule }) => rule === 'law').map(({ strategy }) => strategy)).toEqual(
      left.map(({ id }) => id),
    );
    expect(new Set(rows.map(({ rule }) => rule))).toEqual(new Set(MINT_RULES));
  }, 300_000);

  test('whatever a farmer that deals with itself does, it ends with less than an idle miner', () => {
    const runs = new WorldRuns();
    fc.assert(
      fc.property(anyFarm, fc.integer({ min: 1, max: 99 }), (farm, hashPercent) => {
        const miner = { ...IDLE, rents: farm.slots !== 'as they fall' };
        const world = { miner: IDLE, crowd: false, epochs: 2 * farm.epochs + 1 };
        const options = { rule: 'law', hashPercent, seed: 1 } as const;
        const attack = runs.of({ ...world, miner, farm }, options);
        const idle = runs.of(world, options);
        expect(attack.attackerCoins).toBeLessThan(idle.attackerCoins);
      }),
      { numRuns: 8 },
    );
  }, 300_000);

  test('a wrong sign is seen under the law and under another rule', () => {
    const rows = [
      { strategy: 'self-dealing', rule: 'law', profitPercent: [0, 0.001] },
      { strategy: 'ground-ids', rule: 'naive', profitPercent: [0, 0.001] },
      { strategy: 'censor-majority', rule: 'law', profitPercent: [-1, 900] },
    ] as const;
    expect(findWrongSigns(rows, [10, 90])).toEqual([
      { strategy: 'self-dealing', rule: 'law', hashPercent: 90, profitPercent: 0.001 },
      { strategy: 'ground-ids', rule: 'naive', hashPercent: 10, profitPercent: 0 },
    ]);
  });

  test('what is committed under docs/economy is what the code computes today', async () => {
    const results = await readResults(folder);
    expect(await findStaleDocuments(folder, results)).toEqual([]);
    expect(findStaleFigures(results)).toEqual([]);
    expect(findWrongSigns(results.profits, results.hashPercents)).toEqual([]);
    expect(decodeResults(encodeResults(results))).toEqual(results);
  }, 300_000);
});

describe('detection', () => {
  test('measured rates lie where the formula says, within their intervals', () => {
    const { caught, failed } = measureDetection(DEFAULT_SEED, 5, 60);
    for (const { expected, interval } of [caught, failed]) {
      expect(expected).toBeGreaterThanOrEqual(interval.low);
      expect(expected).toBeLessThanOrEqual(interval.high);
    }
  }, 300_000);

  test('the formula, by counting', () => {
    const { challenges } = mainnet.contract;
    expect(missProbability(0.01, challenges)).toBeCloseTo(0.03940399, 8);
    expect(detectionProbability(0.01, challenges, 30, 1)).toBeCloseTo(1 - 0.99 ** 120, 12);
    // two coins: 1/4 none, 1/2 one, 1/4 both
    expect([0, 1, 2, 3].map((hits) => atLeast(hits, 2, 0.5))).toEqual([1, 0.75, 0.25, 0]);
  });

  test("Wilson's interval at its ends and its middle", () => {
    const { low, high } = wilsonInterval(0, 10);
    // no hit in n tries: the upper end is z^2 / (n + z^2)
    expect(low).toBeCloseTo(0, 12);
    expect(high).toBeCloseTo(3.290527 ** 2 / (10 + 3.290527 ** 2), 12);
    const half = wilsonInterval(50, 100);
    expect(half.low + half.high).toBeCloseTo(1, 12);
  });
});

describe('charts', () => {
  test('names are escaped, values outside the axes are drawn at their edge', () => {
    const svg = chartToSvg({
      title: 'a < b',
      xLabel: 'x',
      yLabel: 'y',
      x: { min: 0, max: 10, ticks: [0, 10] },
      y: { min: 0, max: 1, ticks: [0, 1] },
      lines: [{ title: '"l"', colour: '#000000', points: [{ x: 5, y: 7 }] }],
    });
    expect(svg).toContain('<title>a &lt; b</title>');
    expect(svg).toContain('&quot;l&quot;');
    expect(svg).toContain('<circle cx="340" cy="46"');
  });
});
