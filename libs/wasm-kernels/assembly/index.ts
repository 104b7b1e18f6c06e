/**
 * The wasm module: its kernels, each working on four inputs at a time in the four lanes of a SIMD register.
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
export {
  blake3ChunkCounters,
  blake3ChunkLengths,
  blake3ChunkRoots,
  blake3ChunksInput,
  blake3ChunksOutput,
  blake3ParentRoots,
  blake3ParentsInput,
  blake3ParentsOutput,
  compressBlake3Chunks,
  compressBlake3Parents,
} from './blake3-tree';
export { hitLanes, hitVariant, nonceHeaders, prepareNonces, searchNonces } from './nonce-search';
export { compressSha256Leaves, compressSha256Pairs, sha256PairsInput, sha256PairsOutput } from './sha256-pairs';
