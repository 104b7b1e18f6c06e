import { concatBytes } from './bytes.js';

/** One Ed25519 signature to check: 32-byte key, message of any length, 64-byte signature. */
export interface SignatureCheck {
  readonly publicKey: Uint8Array;
  /** What the signed message begins with, where many share it: so no message of a block is laid out twice. */
  readonly prefix?: Uint8Array;
  /** The message, or what follows the prefix. */
  readonly message: Uint8Array;
  readonly signature: Uint8Array;
}

/** The whole message that was signed. */
export function signedMessage({ prefix, message }: SignatureCheck): Uint8Array {
  return prefix === undefined ? message : concatBytes(prefix, message);
}

/**
 * Chunks of BLAKE3 trees (the BLAKE3 paper, section 2.1), of one input or of several: each in 1,024 bytes with zeros
 * after its length, but for the last, which may be cut there.
 */
export interface Blake3Chunks {
  readonly bytes: Uint8Array;
  /** Length of each in bytes, at most 1,024. */
  readonly lengths: Uint32Array;
  /** Index of each in its input. */
  readonly indexes: Uint32Array;
  /** 1 where the chunk is the whole of its input, else 0; left out where none is. */
  readonly isRoot?: Uint8Array | undefined;
}

/**
 * The primitives the law needs, as a port: noble in tests (`nobleCrypto`), native code in production
 * (`#crypto-native`). Both pass the same conformance suite, so a rule never knows which one it runs on.
 * Hashes come back as fresh plain `Uint8Array`s. No function keeps a reference to its arguments.
 */
export interface CryptoPort {
  /** SHA-256 (FIPS 180-4), 32 bytes. */
  sha256(data: Uint8Array): Uint8Array;
  /** SHA-256 as 64 lower-case hex digits: ids are text in code, and native code writes it faster than we could. */
  sha256Hex(data: Uint8Array): string;
  /** SHA-256 of SHA-256, as Bitcoin hashes headers; 32 bytes. */
  sha256d(data: Uint8Array): Uint8Array;
  /** BLAKE3 in hash mode, 32 bytes: what `b3sum` prints. */
  blake3(data: Uint8Array): Uint8Array;
  /** RFC 6962 leaf hashes of 32-byte leaves: m*32 bytes in, m*32 bytes out, each SHA-256(0x00 || leaf). */
  hashLeaves(leaves: Uint8Array): Uint8Array;
  /** RFC 6962 node hashes: m*64 bytes of pairs in, m*32 bytes out, each SHA-256(0x01 || left || right). */
  hashPairs(pairs: Uint8Array): Uint8Array;
  /**
   * BLAKE3 in keyed mode, one compression per node: m*64 bytes of pairs in, m*32 bytes out, each keyed_hash(key, pair)
   * under the same 32-byte key. The nodes of the state tree.
   */
  hashStatePairs(key: Uint8Array, pairs: Uint8Array): Uint8Array;
  /**
   * BLAKE3 in hash mode of many messages of at most 64 bytes: each in 64 bytes with zeros after its length, m*64 bytes
   * and m lengths in, m*32 bytes out. Keys and values of the state tree.
   */
  hashShort(blocks: Uint8Array, lengths: Uint8Array): Uint8Array;
  /** Chaining values (32 bytes each) of chunks of BLAKE3 trees; of a root, the hash. */
  hashChunks(chunks: Blake3Chunks): Uint8Array;
  /**
   * Chaining values of BLAKE3's parent nodes: m*64 bytes of pairs of values in, m*32 bytes out. `isRoot` has a 1 for
   * each pair that is the top of its tree, whose value is the hash; left out where none is.
   */
  hashParents(pairs: Uint8Array, isRoot?: Uint8Array): Uint8Array;
  /** Ed25519 public key (32 bytes) of a 32-byte RFC 8032 seed. */
  publicKey(secretKey: Uint8Array): Uint8Array;
  /** Deterministic RFC 8032 Ed25519 signature, 64 bytes, under a 32-byte seed. */
  sign(secretKey: Uint8Array, message: Uint8Array): Uint8Array;
  /** The pinned rule (docs/protocol/signatures.md); malformed lengths are false, nothing throws. */
  verify(check: SignatureCheck): boolean;
  /** `verify` of each, in order: all of them are answered, a bad one does not stop the rest. */
  verifyBatch(checks: readonly SignatureCheck[]): boolean[];
}
