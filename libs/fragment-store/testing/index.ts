/**
 * Owns: the conformance suite of the `FragmentStore` port, and a set of volumes in temporary folders.
 * Does not own: tests of one adapter's files (file-fragment-store.test.ts).
 * Read next: fragment-store-conformance.ts, test-volumes.ts.
 */
export { fragmentStoreConformance } from './fragment-store-conformance.js';
export { TestVolumes, type TestVolumesOptions } from './test-volumes.js';
