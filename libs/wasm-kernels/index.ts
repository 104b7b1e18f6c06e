/**
 * Owns: the SIMD kernels in wasm (assembly/, AssemblyScript): nonce search, RFC 6962 pairs, BLAKE3 keyed pairs,
 * the nodes of BLAKE3 trees, and arithmetic in GF(2^8) for erasure coding.
 * Does not own: what the hashes mean, the scalar roads taken where there is no SIMD (libs/mining, libs/crypto-native,
 * libs/erasure).
 * Read next: assembly/index.ts, nonce-kernel.ts, docs/adr/0014-wasm-simd-kernels.md.
 */
export {
  COLUMN_BLOCK_BYTES,
  createErasureKernel,
  ERASURE_VARIANTS,
  type ErasureKernel,
  type ErasureVariant,
  MATRIX_GROUP_ROWS,
  MULTIPLIER_TABLE_BYTES,
  STEP_KINDS,
  STEP_WORDS,
} from './erasure-kernel.js';
export { isSimdAvailable } from './kernel-module.js';
export { createNonceKernel, NONCE_VARIANTS, type NonceHits, type NonceKernel } from './nonce-kernel.js';
export { createPairKernels, type PairKernels } from './pair-kernels.js';
export type { TreeKernels } from './tree-kernels.js';
