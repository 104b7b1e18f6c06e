import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { nobleCrypto } from '#crypto';
import { createPairKernels } from '#wasm-kernels';
import { loadBlake3 } from './blake3-engine.js';

const kernels = createPairKernels()!;
const nodes = { hashChunks: kernels.blake3Chunks, hashParents: kernels.blake3Parents };

function failToLoad(): never {
  throw new Error('no binary for this machine');
}

describe('BLAKE3', () => {
  const engines = [loadBlake3(nodes), loadBlake3(nodes, failToLoad), loadBlake3(undefined, failToLoad)];

  test('takes the binary, then wasm, then noble', () => {
    expect(engines.map(({ name }) => name)).toEqual(['@napi-rs/blake-hash', 'wasm SIMD', '@noble/hashes']);
  });

  test.each(engines)('of $name equals noble at every length near chunks and trees', ({ blake3 }) => {
    const data = new Uint8Array(70_000).map((_, at) => (at * 31 + (at >> 8)) & 0xff);
    for (const length of [0, 1, 1023, 1024, 1025, 4095, 4096, 4097, 5120, 8192, 8193, 65_536, 66_561])
      expect(Buffer.from(blake3(data.subarray(0, length))).toString('hex')).toBe(
        Buffer.from(nobleCrypto.blake3(data.subarray(0, length))).toString('hex'),
      );
  });

  test('in pieces equals the whole', () => {
    const { createHasher } = engines[0]!;
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 3000 })), (pieces) => {
        const hasher = createHasher!();
        for (const piece of pieces) hasher.update(piece);
        expect(Buffer.compare(hasher.digest(), nobleCrypto.blake3(Buffer.concat(pieces)))).toBe(0);
      }),
    );
  });
});
