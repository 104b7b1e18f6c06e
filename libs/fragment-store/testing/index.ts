/**
 * Owns: the conformance suite of the `FragmentStore` port.
 * Does not own: tests of one adapter's files (file-fragment-store.test.ts).
 * Read next: fragment-store-conformance.ts.
 */
export { fragmentStoreConformance } from './fragment-store-conformance.js';
