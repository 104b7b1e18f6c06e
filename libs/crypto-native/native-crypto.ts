import { hash } from 'node:crypto';
import {
  blake3KeyedPairs,
  blake3Short,
  type CryptoPort,
  hexToBytes,
  pureBlake3Nodes,
  type SignatureCheck,
  signedMessage,
} from '#crypto';
import { assertInvariant } from '#errors';
import { createPairKernels, type PairKernels } from '#wasm-kernels';
import { type Blake3Engine, loadBlake3 } from './blake3-engine.js';
import { passesEncodingRules } from './ed25519-encoding.js';
import type { Ed25519Engine } from './ed25519-engine.js';
import { createNodeEngine } from './node-engine.js';
import { loadSodiumEngine } from './sodium-engine.js';

/** Which native code a CryptoPort runs on. */
export interface NativeEngines {
  readonly ed25519: Ed25519Engine['name'];
  readonly blake3: Blake3Engine['name'];
  /** The nodes of trees: four at a time in wasm, or one by one. */
  readonly treeNodes: 'wasm SIMD' | 'scalar';
}

// By way of hex: Node makes a text in a third of the time of a Buffer, and this one is a plain array of its own.
function sha256(data: Uint8Array): Uint8Array {
  return hexToBytes(hash('sha256', data));
}

function hashPairsSingly(pairs: Uint8Array): Uint8Array {
  assertInvariant(pairs.length % 64 === 0, `pairs must be whole 64-byte pairs, got ${pairs.length} bytes`);
  const hashes = new Uint8Array(pairs.length / 2);
  const node = new Uint8Array(65);
  node[0] = 1;
  for (let offset = 0; offset < pairs.length; offset += 64) {
    node.set(pairs.subarray(offset, offset + 64), 1);
    hashes.set(hash('sha256', node, 'buffer'), offset / 2);
  }
  return hashes;
}

function hashLeavesSingly(leaves: Uint8Array): Uint8Array {
  assertInvariant(
    leaves.length % 32 === 0,
    `leaves must be whole 32-byte leaves, got ${leaves.length} bytes`,
  );
  const hashes = new Uint8Array(leaves.length);
  const prefixed = new Uint8Array(33);
  for (let offset = 0; offset < leaves.length; offset += 32) {
    prefixed.set(leaves.subarray(offset, offset + 32), 1);
    hashes.set(hash('sha256', prefixed, 'buffer'), offset);
  }
  return hashes;
}

const kernels = createPairKernels();

/** BLAKE3 for callers that have their bytes in pieces or must know which road it is. */
export const blake3Engine: Blake3Engine = loadBlake3(
  kernels && { hashChunks: kernels.blake3Chunks, hashParents: kernels.blake3Parents },
);

/** The nodes of trees one by one: where there is no SIMD. */
const scalarPairs: PairKernels = {
  sha256Pairs: hashPairsSingly,
  sha256Leaves: hashLeavesSingly,
  blake3KeyedPairs,
  blake3Short,
  blake3Chunks: pureBlake3Nodes.hashChunks,
  blake3Parents: pureBlake3Nodes.hashParents,
};

function assertSecretKey(secretKey: Uint8Array): void {
  assertInvariant(secretKey.length === 32, `an Ed25519 seed has 32 bytes, got ${secretKey.length}`);
}

/** A CryptoPort over one Ed25519 engine, with or without SIMD; tests run both, everybody else takes `nativeCrypto`. */
export function createNativeCrypto(engine: Ed25519Engine, useSimd = true): CryptoPort {
  const pairs = (useSimd ? kernels : undefined) ?? scalarPairs;
  const verify = (check: SignatureCheck): boolean =>
    passesEncodingRules(check.publicKey, check.signature) &&
    engine.verifyEquation({ ...check, message: signedMessage(check) });
  return {
    sha256,
    sha256Hex: (data) => hash('sha256', data),
    sha256d: (data) => new Uint8Array(hash('sha256', hash('sha256', data, 'buffer'), 'buffer')),
    blake3: blake3Engine.blake3,
    hashLeaves: pairs.sha256Leaves,
    hashPairs: pairs.sha256Pairs,
    hashStatePairs: pairs.blake3KeyedPairs,
    hashShort: pairs.blake3Short,
    hashChunks: pairs.blake3Chunks,
    hashParents: pairs.blake3Parents,
    publicKey: (secretKey) => {
      assertSecretKey(secretKey);
      return engine.publicKey(secretKey);
    },
    sign: (secretKey, message) => {
      assertSecretKey(secretKey);
      return engine.sign(secretKey, message);
    },
    verify,
    verifyBatch: (checks) => checks.map(verify),
  };
}

const ed25519Engine = loadSodiumEngine() ?? createNodeEngine();

/** What `nativeCrypto` found on this machine, for the log line at start and for `doctor`. */
export const nativeEngines: NativeEngines = {
  ed25519: ed25519Engine.name,
  blake3: blake3Engine.name,
  treeNodes: kernels === undefined ? 'scalar' : 'wasm SIMD',
};

/** The fast road: libsodium (else OpenSSL) signatures, OpenSSL SHA-256, BLAKE3 in native code. */
export const nativeCrypto: CryptoPort = createNativeCrypto(ed25519Engine);
