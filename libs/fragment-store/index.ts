/**
 * Owns: the port for fragments at rest (`FragmentStore`), its adapter on a folder (verified while written, never half
 *   there, within what the disk really uses), and the set of volumes over several disks: placing, moving, reading again,
 *   disks that fail, fill up, go away and come back.
 * Does not own: who may store or read, which fragments are needed (libs/provider), what is inside a fragment
 *   (libs/fragments), contracts.
 * Read next: fragment-store.ts (the promises), file-fragment-store.ts, volumes/volume-set.ts, volumes/volume-mover.ts,
 *   testing/fragment-store-conformance.ts, docs/adr/0024-volumes.md.
 */
export { ALIGNMENT_BYTES, AlignedMemory, isAligned } from './aligned-memory.js';
export { createFileFragmentStore, type FileFragmentStoreOptions } from './file-fragment-store.js';
export {
  type ByteRange,
  type FragmentSource,
  type FragmentStore,
  isFragmentId,
  type StoredFragment,
} from './fragment-store.js';
export { VolumeAdmin } from './volumes/volume-admin.js';
export type { ConfiguredVolume } from './volumes/volume-registry.js';
export { type ScrubOptions, VolumeScrubs } from './volumes/volume-scrubs.js';
export { openVolumeSet, type VolumeSet, type VolumeSetOptions } from './volumes/volume-set.js';
export type {
  Damage,
  MoveView,
  ScrubProgress,
  ScrubResult,
  VolumeMode,
  VolumeState,
  VolumeView,
} from './volumes/volume-view.js';
