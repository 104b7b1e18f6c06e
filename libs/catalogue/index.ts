/**
 * Owns: the client's catalogue of files and the sealed pointer to it that is anchored on chain. Pure.
 * Does not own: how a catalogue is stored and fetched (libs/client), the anchor's rules (chain/tx/kinds/anchor.ts).
 * Read next: catalogue.ts, pointer.ts, docs/protocol/catalogue.md.
 */
export * from './catalogue.js';
export * from './pointer.js';
