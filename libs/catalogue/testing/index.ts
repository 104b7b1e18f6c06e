/**
 * Owns: what tests of catalogues need besides: the format before this one.
 * Does not own: anything that ships.
 * Read next: catalogue-v1.ts.
 */
export { encodeCatalogueV1 } from './catalogue-v1.js';
