/**
 * Owns: the conformance suite of the ErasureCodec port.
 * Does not own: the slow oracle it compares with (`#fragments/testing`).
 * Read next: ../subspace-codec.test.ts.
 */
export { describeCodecConformance, patternBytes } from './codec-conformance.js';
