import { readdirSync, rmdirSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { FindingError, type FuzzTarget } from './fuzz-target.js';
import { mutate } from './mutate.js';
import { Random } from './random.js';
import { runFuzz } from './run-fuzz.js';
import { createFuzzTargets } from './targets/index.js';

/** Drawn anew in every run and printed; `npm run fuzz -- TARGET --seed N` goes on from there. */
const seed = Math.floor(Math.random() * 2 ** 31);
process.stdout.write(`fuzz: seed ${seed}\n`);

const MILLISECONDS_PER_TARGET = 150;

/** Takes the input of an expected finding away, and the folder where it was the last. */
function removeReplay(finding: unknown): void {
  const path = /--replay (\S+)/.exec((finding as FindingError).message)?.[1] ?? '';
  rmSync(path);
  if (readdirSync(dirname(path)).length === 0) rmdirSync(dirname(path));
}

describe('readers of foreign bytes', () => {
  let opened: Awaited<ReturnType<typeof createFuzzTargets>>;
  beforeAll(async () => {
    opened = await createFuzzTargets();
  });
  afterAll(() => opened.close());

  test('answer to everything, keep to one form, end in time', async () => {
    const names = opened.targets.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    let inputs = 0;
    for (const target of opened.targets) {
      const report = await runFuzz(target, { seed, inputs: Infinity, milliseconds: MILLISECONDS_PER_TARGET });
      inputs += report.inputs;
      // A target that gives one answer to everything does not read what it is given.
      if (report.outcomes.size < 2 && target.name !== 'inclusion-path')
        throw new Error(
          `${target.name} answered ${[...report.outcomes.keys()].join()} to ${report.inputs} inputs`,
        );
    }
    expect(inputs).toBeGreaterThan(2_000);
  });
});

describe('the harness', () => {
  const careless: FuzzTarget = {
    name: 'careless',
    form: 'bytes',
    samples: () => [Uint8Array.of(1, 2, 3, 4)],
    run(input) {
      if ((input[2] ?? 0) > 200) throw new RangeError('offset is out of bounds');
      return 'accepted';
    },
  };

  test('finds what throws, says with which seed, and leaves an input that replays', async () => {
    const budget = { seed: 1, inputs: 100_000, milliseconds: 20_000 };
    const finding = await runFuzz(careless, budget).catch((error: unknown) => error);
    expect(finding).toBeInstanceOf(FindingError);
    const { message } = finding as FindingError;
    expect(message).toContain('seed 1: RangeError: offset is out of bounds');
    const path = /--replay (\S+)/.exec(message)?.[1] ?? '';
    expect(path).toContain('careless-');
    removeReplay(finding);
    const again = await runFuzz(careless, budget).catch((error: unknown) => error);
    expect((again as FindingError).message).toBe(message);
    removeReplay(again);
  });

  test('finds what takes too long', async () => {
    const slow: FuzzTarget = {
      ...careless,
      name: 'slow',
      run(input) {
        const before = process.cpuUsage();
        let spun = 0;
        while (input.length > 4 && process.cpuUsage(before).user < 150_000)
          for (let i = 0; i < 1e6; i++) spun += i;
        return spun < 0 ? 'refused' : 'accepted';
      },
    };
    const budget = { seed: 3, inputs: 1_000, milliseconds: 20_000, maxInputMs: 100 };
    const finding = await runFuzz(slow, budget).catch((error: unknown) => error);
    expect((finding as FindingError).message).toMatch(/seed 3: it took \d+ ms/);
    removeReplay(finding);
  });

  test('makes the same inputs of the same seed, and others of another', () => {
    const made = (from: number): string => {
      const random = new Random(from);
      const sample = new Uint8Array(40);
      return Array.from({ length: 50 }, () => mutate(sample, 'bytes', random, [sample]).join()).join(';');
    };
    expect(made(7)).toBe(made(7));
    expect(made(7)).not.toBe(made(8));
  });
});
