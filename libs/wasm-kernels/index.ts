/**
 * Owns: the SIMD kernels in wasm (assembly/, AssemblyScript): nonce search, RFC 6962 pairs, BLAKE3 keyed pairs
 * and the nodes of BLAKE3 trees.
 * Does not own: what the hashes mean, the scalar roads taken where there is no SIMD (libs/mining, libs/crypto-native).
 * Read next: assembly/index.ts, nonce-kernel.ts, docs/adr/0014-wasm-simd-kernels.md.
 */
export { isSimdAvailable } from './kernel-module.js';
export { createNonceKernel, NONCE_VARIANTS, type NonceHits, type NonceKernel } from './nonce-kernel.js';
export { createPairKernels, type PairKernels } from './pair-kernels.js';
export type { TreeKernels } from './tree-kernels.js';
