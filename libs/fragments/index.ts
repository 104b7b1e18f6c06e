/**
 * Owns: the layout of stored data, pure: profiles, the plan from file size to fragments, lengths, key schedule, nonces,
 * ranges, the manifest, and packs of small files.
 * Does not own: ciphers and coding at speed (`#erasure`), where fragments are kept, the catalogue that seals manifests.
 * Read next: docs/protocol/data-layout.md, layout.ts, plan.ts.
 */
export * from './key-schedule.js';
export * from './layout.js';
export {
  decodeManifest,
  encodeManifest,
  isPlaced,
  type Manifest,
  type ManifestSegment,
  manifestVersion,
  notPlaced,
  planOfManifest,
  validateManifest,
} from './manifest.js';
export {
  deriveMemberKeys,
  type MemberKeys,
  type MemberRange,
  memberRange,
  packCapacity,
  packedFileLimit,
  packSizes,
} from './pack-layout.js';
export * from './plan.js';
export * from './profiles.js';
export * from './ranges.js';
