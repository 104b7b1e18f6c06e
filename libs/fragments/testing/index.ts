/**
 * Owns: slow, plain oracles of the layout for tests: Reed-Solomon by tables, sealing by noble.
 * Does not own: anything that ships data.
 * Read next: docs/protocol/data-layout.md.
 */

export { layoutVectors } from '../vectors/layout-vectors.js';
export { packVectors } from '../vectors/pack-vectors.js';
export { sealMemberSlowly } from './pack-oracle.js';
export { codeMatrix, encodeSlowly, reconstructSlowly } from './reed-solomon-oracle.js';
export { type OracleSegment, sealSlowly } from './segment-oracle.js';
