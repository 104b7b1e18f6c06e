/**
 * Owns: the client's catalogue of files, versions and packs, the text form of paths, and the sealed pointer to it that
 * is anchored on chain. Pure.
 * Does not own: how a catalogue is stored and fetched (libs/client), the anchor's rules (chain/tx/kinds/anchor.ts).
 * Read next: entry.ts, catalogue-codec.ts, pointer.ts, docs/protocol/catalogue.md.
 */
export * from './catalogue-codec.js';
export * from './changes.js';
export * from './entry.js';
export * from './holdings.js';
export { PACK_ID_BYTES, type PackId } from './pack-id.js';
export { comparePaths, MAX_PATH_BYTES, pathToText, textToPath } from './path.js';
export * from './pointer.js';
