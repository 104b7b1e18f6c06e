import { assertInvariant } from '#errors';
import { instantiateKernels } from './kernel-module.js';

/** Headers that are searched side by side. */
export const NONCE_VARIANTS = 4;

const HEADER_BYTES = 80;
/** Bytes the headers of one search may differ in: the first block of the inner hash. */
const FREE_BYTES = 64;

/** Nonces whose hashes may meet the target: the most significant word does. The caller looks at the rest. */
export interface NonceHits {
  readonly variant: number;
  readonly nonces: readonly number[];
  /** Nonces passed, those of the hit included; the search goes on after them. */
  readonly passed: number;
}

/** Double SHA-256 of 80-byte headers, four nonces at a time. One for each thread. */
export interface NonceKernel {
  /** Takes one to four headers that differ in their first 64 bytes only; their nonces do not matter. */
  prepare(headers: readonly Uint8Array[]): void;
  /**
   * Tries `count` nonces from `from` on (a multiple of 4, `from + count` at most 2^32) on all headers, until the most
   * significant word of a hash, read as Bitcoin reads it, is at most `top` (u32). Undefined: none was.
   */
  search(from: number, count: number, top: number): NonceHits | undefined;
}

/** A kernel with memory of its own, about 120 KiB; undefined where there is no SIMD. */
export function createNonceKernel(): NonceKernel | undefined {
  const kernels = instantiateKernels();
  if (kernels === undefined) return undefined;
  const memory = new Uint8Array(kernels.memory.buffer);
  let headerCount = 0;
  return {
    prepare(headers) {
      const [first] = headers;
      assertInvariant(
        first !== undefined && headers.length <= NONCE_VARIANTS,
        `a nonce search takes 1 to ${NONCE_VARIANTS} headers, got ${headers.length}`,
      );
      for (const [index, header] of headers.entries()) {
        assertInvariant(header.length === HEADER_BYTES, `a header has 80 bytes, got ${header.length}`);
        for (let at = FREE_BYTES; at < HEADER_BYTES - 4; at++)
          assertInvariant(header[at] === first[at], `header ${index} differs from the first in byte ${at}`);
        memory.set(header, kernels.nonceHeaders.value + index * HEADER_BYTES);
      }
      headerCount = headers.length;
      kernels.prepareNonces(headerCount);
    },
    search(from, count, top) {
      assertInvariant(headerCount > 0 && count % 4 === 0, `prepare first, and search fours: ${count}`);
      const group = kernels.searchNonces(from, count / 4, top, headerCount);
      if (group < 0) return undefined;
      const start = from + 4 * group;
      const lanes: number = kernels.hitLanes.value;
      const nonces = [0, 1, 2, 3].filter((lane) => (lanes >> lane) & 1).map((lane) => start + lane);
      return { variant: kernels.hitVariant.value, nonces, passed: 4 * (group + 1) };
    },
  };
}
