import { assertInvariant } from '#errors';
import {
  BLAKE3_BLOCK_BYTES,
  BLAKE3_FLAGS,
  BLAKE3_IV,
  compressBlake3,
  loadBlake3Block,
  storeBlake3Value,
} from './blake3-compress.js';
import type { Blake3Chunks, CryptoPort } from './port.js';

/** The two nodes of BLAKE3's tree (the BLAKE3 paper, sections 2.1 to 2.4): hash libraries hide them, storage proofs need them. */

/** Bytes of one BLAKE3 chunk, the leaf of the tree and the unit a storage proof shows. */
export const blake3ChunkBytes = 1024;

/** Chaining value (32 bytes) of one chunk of at most 1,024 bytes; `isRoot` where it is the whole input. */
export function blake3ChunkCv(chunk: Uint8Array, chunkIndex: number, isRoot: boolean): Uint8Array {
  assertInvariant(
    chunk.length <= blake3ChunkBytes,
    `a BLAKE3 chunk has at most 1024 bytes, got ${chunk.length}`,
  );
  const { chunkStart, chunkEnd, root } = BLAKE3_FLAGS;
  const cv = BLAKE3_IV.slice();
  const blockCount = Math.max(1, Math.ceil(chunk.length / BLAKE3_BLOCK_BYTES));
  for (let block = 0; block < blockCount; block++) {
    const offset = block * BLAKE3_BLOCK_BYTES;
    const lengthBytes = Math.min(BLAKE3_BLOCK_BYTES, chunk.length - offset);
    const isLast = block === blockCount - 1;
    const flags = (block === 0 ? chunkStart : 0) | (isLast ? chunkEnd | (isRoot ? root : 0) : 0);
    loadBlake3Block(chunk, offset, lengthBytes);
    compressBlake3(cv, chunkIndex, lengthBytes, flags);
  }
  return cvToBytes(cv);
}

/** Chaining value (32 bytes) of a parent of two chaining values given as 64 bytes at `offset`. */
export function blake3ParentCv(pairs: Uint8Array, offset: number, isRoot: boolean): Uint8Array {
  const cv = BLAKE3_IV.slice();
  loadBlake3Block(pairs, offset, BLAKE3_BLOCK_BYTES);
  compressBlake3(cv, 0, BLAKE3_BLOCK_BYTES, BLAKE3_FLAGS.parent | (isRoot ? BLAKE3_FLAGS.root : 0));
  return cvToBytes(cv);
}

function cvToBytes(cv: Uint32Array): Uint8Array {
  const bytes = new Uint8Array(32);
  storeBlake3Value(cv, bytes, 0);
  return bytes;
}

function chunkValues({ bytes, lengths, indexes, isRoot }: Blake3Chunks): Uint8Array {
  const values = new Uint8Array(32 * lengths.length);
  for (const [at, lengthBytes] of lengths.entries()) {
    const offset = at * blake3ChunkBytes;
    assertInvariant(
      lengthBytes <= blake3ChunkBytes && offset + lengthBytes <= bytes.length,
      `chunk ${at} of ${lengthBytes} bytes is not among the ${bytes.length} bytes given`,
    );
    const chunk = bytes.subarray(offset, offset + lengthBytes);
    values.set(blake3ChunkCv(chunk, indexes[at] as number, isRoot?.[at] === 1), 32 * at);
  }
  return values;
}

function parentValues(pairs: Uint8Array, isRoot?: Uint8Array): Uint8Array {
  assertInvariant(pairs.length % 64 === 0, `pairs must be whole 64-byte pairs, got ${pairs.length} bytes`);
  const values = new Uint8Array(pairs.length / 2);
  for (let at = 0; at < pairs.length / 64; at++)
    values.set(blake3ParentCv(pairs, 64 * at, isRoot?.[at] === 1), 32 * at);
  return values;
}

/** What hashes the nodes of a BLAKE3 tree. */
export type Blake3Nodes = Pick<CryptoPort, 'hashChunks' | 'hashParents'>;

/** One node after the other in pure code, about 40 MB/s: the oracle of the native road, and the road without one. */
export const pureBlake3Nodes: Blake3Nodes = { hashChunks: chunkValues, hashParents: parentValues };
