import { ERASURE_VARIANTS } from '#wasm-kernels';
import type { ErasureCodec } from './port.js';
import { createSimdCodec } from './simd-codec.js';
import { createSubspaceCodec } from './subspace-codec.js';

/** The fastest codec this machine runs: our kernels with relaxed SIMD, with plain SIMD, else @subspace's wasm. */
export function createErasureCodec(): ErasureCodec {
  for (const variant of ERASURE_VARIANTS) {
    const codec = createSimdCodec(variant);
    if (codec !== undefined) return codec;
  }
  return createSubspaceCodec();
}
