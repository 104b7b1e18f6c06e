/**
 * Owns: the fast adapter of the CryptoPort (libsodium or OpenSSL signatures, OpenSSL SHA-256, native BLAKE3) and
 * the pool of signature workers.
 * Does not own: the port, the oracle and the pinned rule's wording (libs/crypto, docs/protocol/signatures.md).
 * Read next: libs/crypto/testing/crypto-conformance.ts, the suite every adapter runs.
 */
export type { Blake3Engine, Blake3Hasher } from './blake3-engine.js';
export {
  blake3Engine,
  createNativeCrypto,
  type NativeEngines,
  nativeCrypto,
  nativeEngines,
} from './native-crypto.js';
export { createVerifyPool, type VerifyPool } from './verify-pool.js';
