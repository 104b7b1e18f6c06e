/**
 * Owns: the native road of the data path: Reed-Solomon in WebAssembly, sealing in 64 KiB records, parity masks and
 * fragment ids, on a pool of worker threads.
 * Does not own: the layout itself (sizes, keys, nonces, manifest: `#fragments`), files, networks, which provider holds what.
 * Read next: docs/protocol/data-layout.md, segment-pipeline.ts, bench/erasure.ts.
 */

export { createErasureCodec } from './codec.js';
export { hashBytes } from './fragment-hash.js';
export { allocateMemory, copyBytes, keptMemoryBytes, releaseMemory } from './memory.js';
export type {
  CodeShape,
  CodingJob,
  ErasureCodec,
  OpenInput,
  OpenRangeInput,
  RepairInput,
  SealedSegment,
  SealInput,
  SegmentPipeline,
} from './port.js';
export { createSegmentPipeline } from './segment-pipeline.js';
export { createSimdCodec } from './simd-codec.js';
export { createSubspaceCodec } from './subspace-codec.js';
