import { assertInvariant } from '#errors';
import {
  BLAKE3_BLOCK_BYTES,
  BLAKE3_FLAGS,
  BLAKE3_IV,
  compressBlake3,
  loadBlake3Block,
  storeBlake3Value,
} from './blake3-compress.js';

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
