/**
 * Owns: the layout of stored data, pure: profiles, the plan from file size to fragments, lengths, key schedule, nonces,
 * ranges and the manifest.
 * Does not own: ciphers and coding at speed (`#erasure`), where fragments are kept, the catalogue that seals manifests.
 * Read next: docs/protocol/data-layout.md, layout.ts, plan.ts.
 */
export * from './layout.js';
export type { Manifest, ManifestSegment } from './manifest.js';
export * from './plan.js';
export * from './profiles.js';
