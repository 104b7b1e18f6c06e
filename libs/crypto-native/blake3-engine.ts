import { createRequire } from 'node:module';
import { type Blake3Nodes, blake3Tree, nobleCrypto } from '#crypto';

const require = createRequire(import.meta.url);

/** BLAKE3 of bytes that come in pieces. */
export interface Blake3Hasher {
  update(piece: Uint8Array): void;
  /** The hash of all pieces; once. */
  digest(): Uint8Array;
}

/** BLAKE3 on the fastest road there is. */
export interface Blake3Engine {
  /** In MB/s of 1 MiB inputs, a core: 6,500, 1,500, 50. */
  readonly name: '@napi-rs/blake-hash' | 'wasm SIMD' | '@noble/hashes';
  blake3(data: Uint8Array): Uint8Array;
  /** Missing where pieces would be slower than the whole. */
  readonly createHasher?: () => Blake3Hasher;
}

interface NativeHasher {
  update(piece: Uint8Array): unknown;
  digestBuffer(): Uint8Array;
}

interface NativeModule {
  blake3(data: Uint8Array): Uint8Array;
  readonly Blake3Hasher: new () => NativeHasher;
}

/** Inputs shorter than this take noble where there is no binary: a tree of few nodes fills no SIMD lanes. */
const minTreeBytes = 4 * 1024;

/**
 * BLAKE3 from the ready-made binary; where it cannot be loaded on this machine, from the SIMD kernels of tree nodes, and
 * without these from noble.
 */
export function loadBlake3(
  nodes: Blake3Nodes | undefined,
  load: () => unknown = () => require('@napi-rs/blake-hash'),
): Blake3Engine {
  try {
    const native = load() as NativeModule;
    return {
      name: '@napi-rs/blake-hash',
      blake3: (data) => new Uint8Array(native.blake3(data)),
      createHasher: () => createNativeHasher(native),
    };
  } catch {
    if (nodes === undefined) return { name: '@noble/hashes', blake3: nobleCrypto.blake3 };
    return {
      name: 'wasm SIMD',
      blake3: (data) =>
        data.length < minTreeBytes ? nobleCrypto.blake3(data) : blake3Tree(data, nodes).root,
    };
  }
}

function createNativeHasher(native: NativeModule): Blake3Hasher {
  const hasher = new native.Blake3Hasher();
  return {
    update: (piece) => {
      hasher.update(piece);
    },
    digest: () => new Uint8Array(hasher.digestBuffer()),
  };
}
