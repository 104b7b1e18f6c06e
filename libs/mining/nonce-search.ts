import { compress, INITIAL_STATE } from './sha256-compress.js';

/** Where the nonce stands in a header. */
export const NONCE_OFFSET = 76;

/** Nonces there are. */
export const NONCE_COUNT = 2 ** 32;

/** The bit that ends a message, as a word (FIPS 180-4, 5.1.1). */
const END_MARK = 0x8000_0000 | 0;

const words = new Int32Array(64);
const midstate = new Int32Array(8);
const inner = new Int32Array(8);
const outer = new Int32Array(8);

/**
 * The first nonce at or after `from`, among `count`, whose header hashes to at most the target; undefined if none does.
 * `header` is 80 bytes; the nonce found is written into it. `target` is 32 bytes big-endian. Proof of work is double
 * SHA-256 read as a little-endian number (Bitcoin's rule). The first 64 bytes do not hold the nonce and are compressed
 * once for all.
 */
export function searchNonces(
  header: Uint8Array,
  target: Uint8Array,
  from: number,
  count: number,
): number | undefined {
  const view = new DataView(header.buffer, header.byteOffset, header.byteLength);
  for (let index = 0; index < 16; index++) words[index] = view.getInt32(4 * index);
  midstate.set(INITIAL_STATE);
  compress(midstate, words);
  const [tail0, tail1, tail2] = [view.getInt32(64), view.getInt32(68), view.getInt32(72)];
  const targetView = new DataView(target.buffer, target.byteOffset, target.byteLength);
  const end = Math.min(from + count, NONCE_COUNT);
  for (let nonce = from; nonce < end; nonce++) {
    words[0] = tail0;
    words[1] = tail1;
    words[2] = tail2;
    words[3] = swapBytes(nonce);
    words[4] = END_MARK;
    for (let index = 5; index < 15; index++) words[index] = 0;
    words[15] = 8 * 80;
    inner.set(midstate);
    compress(inner, words);
    words.set(inner);
    words[8] = END_MARK;
    for (let index = 9; index < 15; index++) words[index] = 0;
    words[15] = 8 * 32;
    outer.set(INITIAL_STATE);
    compress(outer, words);
    if (isAtMost(outer, targetView)) {
      view.setUint32(NONCE_OFFSET, nonce, true);
      return nonce;
    }
  }
  return undefined;
}

/** Whether a hash, as SHA-256's eight words, is at most the target: the last word's last byte counts most. */
function isAtMost(hash: Int32Array, target: DataView): boolean {
  for (let index = 0; index < 8; index++) {
    const difference = (swapBytes(hash[7 - index]!) >>> 0) - target.getUint32(4 * index);
    if (difference !== 0) return difference < 0;
  }
  return true;
}

function swapBytes(word: number): number {
  return ((word & 0xff) << 24) | ((word & 0xff00) << 8) | ((word >>> 8) & 0xff00) | (word >>> 24);
}
