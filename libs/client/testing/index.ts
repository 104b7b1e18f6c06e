/**
 * Owns: a client on a test ledger with a provider over real HTTP. Only tests import this.
 * Does not own: ledger and provider (libs/ledger/testing, libs/provider/testing).
 * Read next: client-stage.ts.
 */
export { ClientStage } from './client-stage.js';
export { type ProviderWire, startProviderWire, type WireFault } from './provider-wire.js';
export { readUploadJournal } from './read-upload-journal.js';
