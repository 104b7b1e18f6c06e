import { assertInvariant } from '#errors';
import { instantiateKernels } from './kernel-module.js';
import { createTreeKernels, type TreeKernels } from './tree-kernels.js';

/** Pairs that fit the wasm buffers at once (assembly/sha256-pairs.ts, assembly/blake3-pairs.ts). */
const MAX_PAIRS = 1024;

/** Hashes of many 64-byte pairs, four at a time. m*64 bytes in, m*32 fresh bytes out. */
export interface PairKernels extends TreeKernels {
  /** RFC 6962 nodes: SHA-256(0x01 || pair) of each. */
  sha256Pairs(pairs: Uint8Array): Uint8Array;
  /** RFC 6962 leaves: SHA-256(0x00 || leaf) of 32-byte leaves; m*32 bytes in, m*32 fresh bytes out. */
  sha256Leaves(leaves: Uint8Array): Uint8Array;
  /** BLAKE3 keyed_hash(key, pair) of each, under one 32-byte key. */
  blake3KeyedPairs(key: Uint8Array, pairs: Uint8Array): Uint8Array;
  /** BLAKE3 of each message of at most 64 bytes, given in 64 bytes with zeros after its length. */
  blake3Short(blocks: Uint8Array, lengths: Uint8Array): Uint8Array;
}

/** Kernels with memory of their own, about 400 KiB; undefined where there is no SIMD. */
export function createPairKernels(): PairKernels | undefined {
  const kernels = instantiateKernels();
  if (kernels === undefined) return undefined;
  const memory = new Uint8Array(kernels.memory.buffer);
  const shortLengths = new Uint32Array(kernels.memory.buffer, kernels.blake3ShortLengths.value, MAX_PAIRS);
  const run = (
    pairs: Uint8Array,
    input: number,
    output: number,
    compress: (count: number, from: number) => void,
  ): Uint8Array => {
    if (pairs.length % 64 !== 0)
      assertInvariant(false, `pairs must be whole 64-byte pairs, got ${pairs.length} bytes`);
    const hashes = new Uint8Array(pairs.length / 2);
    for (let offset = 0; offset < pairs.length; offset += MAX_PAIRS * 64) {
      const part = pairs.subarray(offset, offset + MAX_PAIRS * 64);
      memory.set(part, input);
      // A last group that is not full hashes what the buffer holds from before; nobody reads those.
      compress(Math.ceil(part.length / 256) * 4, offset / 64);
      hashes.set(memory.subarray(output, output + part.length / 2), offset / 2);
    }
    return hashes;
  };
  return {
    ...createTreeKernels(kernels),
    sha256Pairs: (pairs) =>
      run(
        pairs,
        kernels.sha256PairsInput.value,
        kernels.sha256PairsOutput.value,
        kernels.compressSha256Pairs,
      ),
    sha256Leaves(leaves) {
      if (leaves.length % 32 !== 0)
        assertInvariant(false, `leaves must be whole 32-byte leaves, got ${leaves.length} bytes`);
      const hashes = new Uint8Array(leaves.length);
      for (let offset = 0; offset < leaves.length; offset += MAX_PAIRS * 32) {
        const part = leaves.subarray(offset, offset + MAX_PAIRS * 32);
        memory.set(part, kernels.sha256PairsInput.value);
        kernels.compressSha256Leaves(Math.ceil(part.length / 128) * 4);
        const output = kernels.sha256PairsOutput.value;
        hashes.set(memory.subarray(output, output + part.length), offset);
      }
      return hashes;
    },
    blake3KeyedPairs(key, pairs) {
      assertInvariant(key.length === 32, `a BLAKE3 key has 32 bytes, got ${key.length}`);
      memory.set(key, kernels.blake3PairsKey.value);
      return run(
        pairs,
        kernels.blake3PairsInput.value,
        kernels.blake3PairsOutput.value,
        kernels.compressBlake3Pairs,
      );
    },
    blake3Short(blocks, lengths) {
      assertInvariant(
        blocks.length === lengths.length * 64,
        `${lengths.length} lengths for ${blocks.length} bytes of blocks`,
      );
      return run(blocks, kernels.blake3PairsInput.value, kernels.blake3PairsOutput.value, (count, from) => {
        shortLengths.set(lengths.subarray(from, from + MAX_PAIRS));
        kernels.compressBlake3Short(count);
      });
    },
  };
}
