import { createCipheriv } from 'node:crypto';

/** OpenSSL's `chacha20` takes u32le counter || 12-byte nonce: RFC 8439 with counter 0 and a zero nonce. */
const counterAndNonce = new Uint8Array(16);

/** The next piece of a stream, enciphered or deciphered into memory of its own. */
export type Chacha20 = (piece: Uint8Array) => Uint8Array;

/** A ChaCha20 stream that is applied piece by piece. The key must be used for one stream only. */
export function createChacha20(key: Uint8Array): Chacha20 {
  const cipher = createCipheriv('chacha20', key, counterAndNonce);
  return (piece) => cipher.update(piece);
}

/** Bytes enciphered or deciphered with ChaCha20 under a key of their own. */
export function applyChacha20(key: Uint8Array, bytes: Uint8Array): Uint8Array {
  return createChacha20(key)(bytes);
}
