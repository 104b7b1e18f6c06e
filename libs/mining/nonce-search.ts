import { hash } from 'node:crypto';

/** Where the nonce stands in a header. */
export const NONCE_OFFSET = 76;

/** Nonces there are. */
export const NONCE_COUNT = 2 ** 32;

/**
 * The first nonce at or after `from`, among `count`, whose header hashes to at most the target; undefined if none does.
 * `header` is 80 bytes and its nonce is overwritten; `target` is 32 bytes big-endian. Proof of work is double SHA-256
 * read as a little-endian number (Bitcoin's rule), so the last bytes of the hash are the first to compare.
 */
export function searchNonces(
  header: Uint8Array,
  target: Uint8Array,
  from: number,
  count: number,
): number | undefined {
  const view = new DataView(header.buffer, header.byteOffset, header.byteLength);
  const end = Math.min(from + count, NONCE_COUNT);
  for (let nonce = from; nonce < end; nonce += 1) {
    view.setUint32(NONCE_OFFSET, nonce, true);
    if (isAtMost(hash('sha256', hash('sha256', header, 'buffer'), 'buffer'), target)) return nonce;
  }
  return undefined;
}

/** Whether a hash in internal byte order is at most a big-endian target. */
function isAtMost(internalHash: Uint8Array, target: Uint8Array): boolean {
  for (let index = 0; index < 32; index += 1) {
    const difference = (internalHash[31 - index] as number) - (target[index] as number);
    if (difference !== 0) return difference < 0;
  }
  return true;
}
