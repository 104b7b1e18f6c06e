/**
 * The wasm module: three kernels, each working on four inputs at a time in the four lanes of a SIMD register.
 * AssemblyScript, not TypeScript: compiled by tools/bootstrap/wasm.cjs into dist/libs/wasm-kernels/kernels.wasm.
 * One instance is one set of fixed buffers and serves one thread; nothing is allocated.
 */
export {
  blake3PairsInput,
  blake3PairsKey,
  blake3PairsOutput,
  blake3ShortLengths,
  compressBlake3Pairs,
  compressBlake3Short,
} from './blake3-pairs';
export { hitLanes, hitVariant, nonceHeaders, prepareNonces, searchNonces } from './nonce-search';
export { compressSha256Pairs, sha256PairsInput, sha256PairsOutput } from './sha256-pairs';
