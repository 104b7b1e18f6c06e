import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { expectedBits } from '../block/header-rules.js';
import { mainnet } from '../params/networks.js';
import type { BlockId } from '../primitives/ids.js';
import { nextAsertBits } from './asert.js';
import { bitsToTarget } from './target.js';

const bitcoinCash = {
  anchorBits: 0x1d00_ffff,
  anchorHeight: 1,
  anchorParentTimeSeconds: 0,
  blockSeconds: 600,
  halfLifeSeconds: 172_800,
  limitBits: 0x1d00_ffff,
};

function targetOf(bits: number): bigint {
  const target = bitsToTarget(bits);
  if (!target.ok) throw new Error(`no target in ${bits}`);
  return target.value;
}

/** Runs of the public aserti3-2d vectors beside the project: `row height time nBits` under a `##` header. */
const published = new URL('../../../../shared/fixtures/asert/', import.meta.url);

describe('aserti3-2d', () => {
  const named = existsSync(published) ? test : test.skip;
  const runs = existsSync(published)
    ? readdirSync(published).sort()
    : ['published runs (../shared/fixtures/asert is not here)'];

  named.each(runs)('published vectors, %s', (run) => {
    const lines = readFileSync(new URL(run, published), 'utf8').split('\n');
    const field = (name: string): number => {
      const line = lines.find((candidate) => candidate.includes(`${name}:`));
      return Number(line?.slice(line.indexOf(`${name}:`) + name.length + 1));
    };
    const anchor = {
      ...bitcoinCash,
      anchorBits: field('anchor nBits'),
      anchorHeight: field('anchor height'),
      anchorParentTimeSeconds: field('anchor parent time'),
    };
    const rows = lines.filter((line) => /^\d/.test(line)).map((line) => line.trim().split(/\s+/).map(Number));
    expect(rows.length).toBeGreaterThan(2);
    for (const [row, height, timeSeconds, bits] of rows as [number, number, number, number][]) {
      const actual = nextAsertBits({ ...anchor, height, timeSeconds });
      if (actual !== bits)
        throw new Error(`row ${row}: ${actual.toString(16)} where ${bits.toString(16)} belongs`);
    }
  });

  // Derived by hand: parent at height 1 + n is due at (n + 1) * 600 s; each half-life late doubles the target.
  test.each([
    ['on schedule', 0x1c12_3456, 2, 1_200, 0x1c12_3456],
    ['one half-life late', 0x1c12_3456, 2, 1_200 + 172_800, 0x1c24_68ac],
    ['one half-life early', 0x1c12_3456, 289, 600, 0x1c09_1a2b],
    ['two half-lives late', 0x1b01_0000, 2, 1_200 + 345_600, 0x1b04_0000],
    ['2 s early: under one step of 172,800/65,536 s, truncated to none', 0x1c12_3456, 2, 1_198, 0x1c12_3456],
    ['2 s late: likewise', 0x1c12_3456, 2, 1_202, 0x1c12_3456],
    ['never easier than the limit', 0x1d00_ffff, 2, 1_200 + 172_800, 0x1d00_ffff],
    ['never below 1', 0x0101_0000, 1_000_000, 0, 0x0101_0000],
  ])('%s', (_name, anchorBits, height, timeSeconds, bits) => {
    expect(nextAsertBits({ ...bitcoinCash, anchorBits, height, timeSeconds })).toBe(bits);
  });

  test('follows 2^x to within 0.02% wherever the compact form is exact enough', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 5_000 }),
        fc.integer({ min: 0, max: 4_000_000 }),
        (height, time) => {
          const anchorBits = 0x187f_ffff;
          const bits = nextAsertBits({
            ...bitcoinCash,
            limitBits: 0x207f_ffff,
            anchorBits,
            height,
            timeSeconds: time,
          });
          const late = time - 600 * height;
          const ratio = Number(targetOf(bits)) / Number(targetOf(anchorBits));
          expect(Math.abs(ratio / 2 ** (late / 172_800) - 1)).toBeLessThan(0.000_2 + 1 / 32_768);
        },
      ),
    );
  });

  test('a network is anchored at its genesis block: on schedule the bits stay, late they ease, early they tighten', () => {
    const { blockSeconds, genesisBits, halfLifeSeconds } = mainnet.proofOfWork;
    const parentAt = (height: number, lateSeconds: number): number =>
      expectedBits(mainnet, {
        id: '00'.repeat(32) as BlockId,
        height,
        timeSeconds: mainnet.genesis.timeSeconds + height * blockSeconds + lateSeconds,
      });
    expect(parentAt(0, 0)).toBe(genesisBits);
    expect(parentAt(5_000, 0)).toBe(genesisBits);
    expect(targetOf(parentAt(5_000, halfLifeSeconds))).toBe(targetOf(genesisBits) * 2n);
    expect(targetOf(parentAt(5_000, -halfLifeSeconds))).toBe(targetOf(genesisBits) / 2n);
    expect(parentAt(5_000, 100 * halfLifeSeconds)).toBe(mainnet.proofOfWork.limitBits);
  });
});
