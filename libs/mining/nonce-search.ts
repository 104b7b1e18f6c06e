import { hash } from 'node:crypto';
import { createNonceKernel, type NonceKernel } from '#wasm-kernels';
import { createScalarKernel } from './scalar-kernel.js';

/** Where the nonce stands in a header. */
export const NONCE_OFFSET = 76;

/** Nonces there are. */
export const NONCE_COUNT = 2 ** 32;

/** The most significant word of a share: one hash of 2^24 is one, so a core of 8 MH/s finds one in two seconds. */
const SHARE_TOP = 0xff;

/** Hashes it takes on average to find a share. */
export const HASHES_PER_SHARE = 2 ** 32 / (SHARE_TOP + 1);

/** A nonce that meets the target, and the header (by its index) it belongs to. */
export interface NonceFound {
  readonly index: number;
  readonly nonce: number;
}

/** What a slice of a search came to. */
export interface SearchedSlice {
  readonly hashes: number;
  /** Hashes below the fixed share target: the proof that the search does what it counts. */
  readonly shares: number;
  readonly found: NonceFound | undefined;
}

/** Searches the nonces of a few headers. One for each thread. */
export interface HeaderSearch {
  /**
   * Makes ready for headers of 80 bytes (one to four, the same from byte 64 on) and a target of 32 bytes, big-endian.
   * Proof of work is double SHA-256 read as a little-endian number (Bitcoin's rule), at most the target.
   */
  prepare(headers: readonly Uint8Array[], target: Uint8Array): void;
  /** Tries `count` nonces from `from` on, both multiples of 4, on every header; ends early where one is found. */
  search(from: number, count: number): SearchedSlice;
}

/** A search on the SIMD kernel, or on the scalar one where there is no SIMD. */
export function createHeaderSearch(
  kernel: NonceKernel = createNonceKernel() ?? createScalarKernel(),
): HeaderSearch {
  let headers: readonly Uint8Array[] = [];
  let target: Uint8Array = new Uint8Array(32);
  let top = 0;

  /** 2: meets the target; 1: a share; 0: neither. */
  const judge = (index: number, nonce: number): 0 | 1 | 2 => {
    const header = Uint8Array.from(headers[index]!);
    new DataView(header.buffer).setUint32(NONCE_OFFSET, nonce, true);
    const number = hash('sha256', hash('sha256', header, 'buffer'), 'buffer').reverse();
    if (Buffer.compare(number, target) <= 0) return 2;
    return number.readUInt32BE(0) <= SHARE_TOP ? 1 : 0;
  };

  return {
    prepare(newHeaders, newTarget) {
      headers = newHeaders;
      target = newTarget;
      const targetTop = new DataView(target.buffer, target.byteOffset, target.byteLength).getUint32(0);
      top = Math.max(targetTop, SHARE_TOP);
      kernel.prepare(headers);
    },
    search(from, count) {
      let passed = 0;
      let shares = 0;
      while (passed < count) {
        const hits = kernel.search(from + passed, count - passed, top);
        if (hits === undefined) break;
        passed += hits.passed;
        const start = from + passed - 4;
        // The kernel stops at the first header of a group that hit; the rest of the group is looked at here.
        for (let index = hits.variant; index < headers.length; index++) {
          const nonces = index === hits.variant ? hits.nonces : [start, start + 1, start + 2, start + 3];
          for (const nonce of nonces) {
            const verdict = judge(index, nonce);
            if (verdict > 0) shares += 1;
            if (verdict < 2) continue;
            return { hashes: passed * headers.length, shares, found: { index, nonce } };
          }
        }
      }
      return { hashes: count * headers.length, shares, found: undefined };
    },
  };
}
