/**
 * Owns: the port for fragments at rest (`FragmentStore`) and its adapter on a folder: verified while written, never
 *   half there, within a capacity.
 * Does not own: who may store or read (libs/provider), what is inside a fragment (libs/fragments), contracts.
 * Read next: fragment-store.ts (the promises), file-fragment-store.ts, testing/fragment-store-conformance.ts.
 */
export { createFileFragmentStore, type FileFragmentStoreOptions } from './file-fragment-store.js';
export {
  type ByteRange,
  type FragmentSource,
  type FragmentStore,
  isFragmentId,
  type StoredFragment,
} from './fragment-store.js';
