import { assertInvariant } from '#errors';
import {
  BLAKE3_BLOCK_BYTES,
  BLAKE3_FLAGS,
  BLAKE3_IV,
  bytesToBlake3Key,
  compressBlake3,
  loadBlake3Block,
  storeBlake3Value,
} from './blake3-compress.js';

/** Chunk start, chunk end and root: the one compression of an input of one block. */
const oneBlock = BLAKE3_FLAGS.chunkStart | BLAKE3_FLAGS.chunkEnd | BLAKE3_FLAGS.root;

/**
 * BLAKE3 keyed hashes (32 bytes each) of 64-byte inputs, one compression each (the BLAKE3 paper, section 2.3): the
 * road without native code.
 */
export function blake3KeyedPairs(key: Uint8Array, pairs: Uint8Array): Uint8Array {
  assertInvariant(key.length === 32, `a BLAKE3 key has 32 bytes, got ${key.length}`);
  assertInvariant(
    pairs.length % BLAKE3_BLOCK_BYTES === 0,
    `pairs must be whole 64-byte pairs, got ${pairs.length} bytes`,
  );
  const keyWords = bytesToBlake3Key(key);
  const cv = new Uint32Array(8);
  const hashes = new Uint8Array(pairs.length / 2);
  for (let offset = 0; offset < pairs.length; offset += BLAKE3_BLOCK_BYTES) {
    cv.set(keyWords);
    loadBlake3Block(pairs, offset, BLAKE3_BLOCK_BYTES);
    compressBlake3(cv, 0, BLAKE3_BLOCK_BYTES, oneBlock | BLAKE3_FLAGS.keyedHash);
    storeBlake3Value(cv, hashes, offset / 2);
  }
  return hashes;
}

/** BLAKE3 hashes (32 bytes each) of messages of at most 64 bytes, each in 64 bytes with zeros after its length. */
export function blake3Short(blocks: Uint8Array, lengths: Uint8Array): Uint8Array {
  assertInvariant(
    blocks.length === lengths.length * BLAKE3_BLOCK_BYTES,
    `${lengths.length} lengths for ${blocks.length} bytes of blocks`,
  );
  const cv = new Uint32Array(8);
  const hashes = new Uint8Array(lengths.length * 32);
  for (let index = 0; index < lengths.length; index++) {
    cv.set(BLAKE3_IV);
    loadBlake3Block(blocks, index * BLAKE3_BLOCK_BYTES, BLAKE3_BLOCK_BYTES);
    compressBlake3(cv, 0, lengths[index] as number, oneBlock);
    storeBlake3Value(cv, hashes, index * 32);
  }
  return hashes;
}
