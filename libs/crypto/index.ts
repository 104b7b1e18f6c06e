/**
 * Owns: the CryptoPort and its pure adapter (noble, the oracle of every native road), the pinned signature
 * rule, domain separation, RFC 6962 trees, BLAKE3 trees and Bao slices, phrases and derived keys.
 * Does not own: native speed (libs/crypto-native), key files (libs/keystore), encodings and ids of the ledger
 * (chain), sealing and erasure coding (libs/fragments, libs/erasure). Pure: randomness is always an argument.
 * Read next: docs/protocol/signatures.md, docs/protocol/trees.md, docs/protocol/keys.md, testing/.
 */
export { baoSliceBytes, baoSliceFromTree, encodeBaoSlice, verifyBaoSlice } from './bao.js';
export {
  type BaoClaim,
  type BaoFault,
  baoSetSlice,
  baoSetSliceBytes,
  verifyBaoSetSlice,
  verifyBaoSetSlices,
} from './bao-set.js';
export { blake3KeyedPairs, blake3Short } from './blake3-block.js';
export { type Blake3Nodes, blake3ChunkBytes, pureBlake3Nodes } from './blake3-node.js';
export { type Blake3Tree, blake3Chunk, blake3ChunkCount, blake3Tree } from './blake3-tree.js';
export {
  asciiToBytes,
  bytesToHex,
  compareBytes,
  concatBytes,
  equalBytes,
  equalBytesAt,
  hexToBytes,
  readU32le,
  readU64le,
  reverseBytes,
  tryHexToBytes,
  u16le,
  u32le,
  u64le,
  writeHex,
} from './bytes.js';
export { taggedHash, taggedHashHex, taggedMessage, taggedPrefix } from './domain.js';
export {
  coinType,
  deriveKeyAtPath,
  deriveRoleKey,
  deriveRoleKeyFromSeed,
  deriveSecret,
  deriveSecretFromSeed,
  type KeyPair,
  type KeyRole,
  keyRoleNumbers,
  roleKeyPath,
} from './keys.js';
export { nobleCrypto } from './noble-crypto.js';
export { newPhrase, normalizePhrase, phraseToSeed, validatePhrase } from './phrase.js';
export { type Blake3Chunks, type CryptoPort, type SignatureCheck, signedMessage } from './port.js';
export {
  appendToFrontier,
  type ConsistencyClaim,
  consistencyProof,
  frontierLength,
  frontierRoot,
  type InclusionClaim,
  inclusionProof,
  merkleFrontier,
  merkleLeafHash,
  merkleRoot,
  merkleRootOf,
  merkleRootOfHashes,
  rootOfPath,
  verifyConsistency,
  verifyInclusion,
} from './rfc6962.js';
export {
  type MultiClaim,
  multiInclusionProof,
  multiProofSiblings,
  type ProvenLeaf,
  verifyMultiInclusion,
} from './rfc6962-multi.js';
