import type { NonceHits, NonceKernel } from '#wasm-kernels';
import { compress, INITIAL_STATE } from './sha256-compress.js';

/** The bit that ends a message, as a word (FIPS 180-4, 5.1.1). */
const END_MARK = 0x8000_0000 | 0;

/** The nonce kernel in JavaScript, one hash at a time: for machines without SIMD. */
export function createScalarKernel(): NonceKernel {
  const words = new Int32Array(64);
  const outer = new Int32Array(8);
  const inner = new Int32Array(8);
  const tail = new Int32Array(3);
  let midstates: Int32Array[] = [];

  /** The last word of a double hash, its bytes turned round: the most significant of the number it stands for. */
  const topWord = (midstate: Int32Array, nonce: number): number => {
    words.set(tail);
    words[3] = swapBytes(nonce);
    words[4] = END_MARK;
    words.fill(0, 5, 15);
    words[15] = 8 * 80;
    inner.set(midstate);
    compress(inner, words);
    words.set(inner);
    words[8] = END_MARK;
    words.fill(0, 9, 15);
    words[15] = 8 * 32;
    outer.set(INITIAL_STATE);
    compress(outer, words);
    return swapBytes(outer[7]!) >>> 0;
  };

  return {
    prepare(headers) {
      midstates = headers.map((header) => {
        const view = new DataView(header.buffer, header.byteOffset, header.byteLength);
        for (let index = 0; index < 16; index++) words[index] = view.getInt32(4 * index);
        for (let index = 0; index < 3; index++) tail[index] = view.getInt32(64 + 4 * index);
        const midstate = Int32Array.from(INITIAL_STATE);
        compress(midstate, words);
        return midstate;
      });
    },
    search(from, count, top): NonceHits | undefined {
      for (let start = from; start < from + count; start += 4) {
        for (const [variant, midstate] of midstates.entries()) {
          const nonces: number[] = [];
          for (let nonce = start; nonce < start + 4; nonce++)
            if (topWord(midstate, nonce) <= top) nonces.push(nonce);
          if (nonces.length > 0) return { variant, nonces, passed: start + 4 - from };
        }
      }
      return undefined;
    },
  };
}

function swapBytes(word: number): number {
  return ((word & 0xff) << 24) | ((word & 0xff00) << 8) | ((word >>> 8) & 0xff00) | (word >>> 24);
}
