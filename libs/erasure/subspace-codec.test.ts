import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { ERASURE_VARIANTS } from '#wasm-kernels';
import { createSimdCodec } from './simd-codec.js';
import { createSubspaceCodec } from './subspace-codec.js';
import { describeCodecConformance } from './testing/codec-conformance.js';

describeCodecConformance('@subspace wasm', createSubspaceCodec);

const fixture = resolve('../shared/fixtures/erasure/published-5-5.json');
const testWithFixture = existsSync(fixture) ? test : test.skip;

describe('published vectors', () => {
  const codecs = [createSubspaceCodec(), ...ERASURE_VARIANTS.map((variant) => createSimdCodec(variant)!)];

  testWithFixture.each(codecs)(
    '5+5 of klauspost/reedsolomon and JavaReedSolomon with $name (needs ../shared/fixtures/erasure)',
    (codec) => {
      const vector = JSON.parse(readFileSync(fixture, 'utf8')) as { data: number[][]; parity: number[][] };
      const data = vector.data.map((row) => Uint8Array.from(row));
      const parity = vector.parity.map((row) => new Uint8Array(row.length));
      codec.encode(data, parity);
      expect(parity.map((row) => [...row])).toEqual(vector.parity);
      const lost = [undefined, undefined, undefined, undefined, undefined, ...parity];
      expect(codec.reconstruct(lost, 5, [0, 1, 2, 3, 4]).map((row) => [...row])).toEqual(vector.data);
    },
  );
});
