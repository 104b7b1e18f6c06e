import { describe, expect, test } from '@jest/globals';
import { ERASURE_VARIANTS } from '#wasm-kernels';
import { createErasureCodec } from './codec.js';
import { createSimdCodec } from './simd-codec.js';
import { describeCodecConformance } from './testing/codec-conformance.js';

describe('which codec', () => {
  test('this machine runs both builds of the kernel, and the first is chosen', () => {
    expect(ERASURE_VARIANTS.map((variant) => createSimdCodec(variant)?.name)).toEqual([
      'relaxed SIMD',
      'SIMD',
    ]);
    expect(createErasureCodec().name).toBe('relaxed SIMD');
  });
});

for (const variant of ERASURE_VARIANTS)
  describeCodecConformance(`wasm kernel, ${variant}`, () => {
    const codec = createSimdCodec(variant);
    if (codec === undefined) throw new Error(`this engine does not run the kernel with ${variant}`);
    return codec;
  });
