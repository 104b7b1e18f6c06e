import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { createErasureKernel, ERASURE_VARIANTS, type ErasureVariant } from '#wasm-kernels';
import { createErasureCodec } from './codec.js';
import { planByMatrix } from './coding-plan.js';
import { planEncode } from './encode-plan.js';
import { layOutPlan } from './plan-rows.js';
import type { ErasureCodec } from './port.js';
import { createSimdCodec } from './simd-codec.js';
import { createSubspaceCodec } from './subspace-codec.js';
import { describeCodecConformance, patternBytes } from './testing/codec-conformance.js';

describe('which codec', () => {
  test('this machine runs both builds of the kernel, and the first is chosen', () => {
    expect(ERASURE_VARIANTS.map((variant) => createSimdCodec(variant)?.name)).toEqual([
      'relaxed SIMD',
      'SIMD',
    ]);
    expect(createErasureCodec().name).toBe('relaxed SIMD');
  });
});

function createKernelCodec(variant: ErasureVariant): ErasureCodec {
  const codec = createSimdCodec(variant);
  if (codec === undefined) throw new Error(`this engine does not run the kernel with ${variant}`);
  return codec;
}

for (const variant of ERASURE_VARIANTS)
  describeCodecConformance(`wasm kernel, ${variant}`, () => createKernelCodec(variant));

describe.each(ERASURE_VARIANTS)('%s against @subspace', (variant) => {
  const codec = createKernelCodec(variant);
  const oracle = createSubspaceCodec();

  const compareAll = (k: number, n: number, length: number, seed: number): void => {
    const data = Array.from({ length: k }, (_, index) => patternBytes(length, seed + index));
    const expected = Array.from({ length: n - k }, () => new Uint8Array(length));
    const parity = Array.from({ length: n - k }, () => new Uint8Array(length));
    oracle.encode(data, expected);
    codec.encode(data, parity);
    const shards = [...data, ...expected];
    for (const [at, row] of parity.entries()) expectSame(row, expected[at], `parity ${k + at} of ${k}/${n}`);
    const isKept = (index: number) => (index * 7 + seed) % n < k;
    const kept = shards.map((shard, index) => (isKept(index) ? shard : undefined));
    const present = kept.filter((shard) => shard !== undefined).length;
    if (present < k) return;
    const missing = [...shards.keys()].filter((index) => !isKept(index));
    for (const [at, row] of codec.reconstruct(kept, k, missing).entries())
      expectSame(row, shards[missing[at] as number], `shard ${missing[at]} of ${k}/${n}`);
  };

  test.each([
    [8, 24],
    [10, 16],
    [10, 30],
    [16, 40],
    [17, 29],
    [64, 100],
    [100, 256],
    [255, 256],
  ])('%p of %p with shards wider than the kernel holds', (k, n) => {
    compareAll(k, n, k > 60 ? 5_003 : 70_001, k + n);
  });

  test('property: every shape', () => {
    fc.assert(
      fc.property(
        fc
          .integer({ min: 1, max: 255 })
          .chain((k) => fc.tuple(fc.constant(k), fc.integer({ min: k + 1, max: 256 }))),
        fc.integer({ min: 1, max: 100 }),
        fc.nat(10_000),
        ([k, n], length, seed) => compareAll(k, n, length, seed),
      ),
      { numRuns: 40 },
    );
  });

  test('lengths at the borders of vectors, strips and windows', () => {
    for (const length of [1, 15, 16, 17, 31, 32, 33, 1023, 1024, 1025, 65_535, 65_536, 65_537])
      compareAll(10, 30, length, length);
  });

  test('the memory of the kernel does not grow with the shards', () => {
    const kernel = createErasureKernel(variant)!;
    const wanted = Array.from({ length: 20 }, (_, at) => 10 + at);
    const plan = planEncode(10, wanted)!;
    expect(plan.kind).toBe('steps');
    layOutPlan(kernel, plan);
    expect(kernel.memoryOf(0).byteLength).toBeLessThan(3 * 1024 * 1024);
    layOutPlan(
      kernel,
      planByMatrix(
        [...Array(128).keys()],
        Array.from({ length: 128 }, (_, at) => 128 + at),
      ),
    );
    expect(kernel.memoryOf(0).byteLength).toBeLessThan(6 * 1024 * 1024);
  });
});

describe('plans', () => {
  test('transforms take far fewer steps than the matrix has coefficients', () => {
    const stepsOf = (k: number, n: number): number => {
      const plan = planEncode(
        k,
        Array.from({ length: n - k }, (_, at) => k + at),
      );
      return plan?.kind === 'steps' ? plan.steps.length : Number.NaN;
    };
    expect(stepsOf(10, 30)).toBeLessThan(200 / 3);
    expect(stepsOf(128, 256)).toBeLessThan((128 * 128) / 16);
    // Few rows of a narrow code: the matrix is the shorter way.
    expect(planEncode(3, [3, 4, 5])).toBeUndefined();
    expect(planEncode(10, [12])).toBeUndefined();
  });
});

function expectSame(actual: Uint8Array, expected: Uint8Array | undefined, what: string): void {
  if (Buffer.compare(actual, expected as Uint8Array) !== 0) throw new Error(`${what} differs`);
}
