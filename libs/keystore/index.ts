/**
 * Owns: the keystore file: one phrase and its network, encrypted with a passphrase in age's format, written once.
 * Does not own: phrases and derived keys (libs/crypto), asking people for a passphrase (apps/cli), where the file
 * lies (libs/config).
 * Read next: docs/protocol/keys.md.
 */
export { createKeystore, type Keystore, type KeystoreContent, openKeystore } from './keystore.js';
