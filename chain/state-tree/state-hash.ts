import { asciiToBytes, type CryptoPort, hexToBytes } from '#crypto';
import { utf8Encode } from '../codec/bytes.js';

/** BLAKE3 key of inner nodes: BLAKE3 of `cairn/state/inner`. */
export const INNER_KEY = hexToBytes('d6f84f9dc6589e8ef745ea1c49b78f0218a95595a423f9b446495d8a54df57b4');
/** BLAKE3 key of leaves: BLAKE3 of `cairn/state/leaf`. */
export const LEAF_KEY = hexToBytes('e6d0db7fa7dcc8d16f77960c181af6af69a327ffdb0a41858568c8ba45ccfb89');

/** Eight bytes, so that an account's key fits one compression. */
const KEY_TAG = asciiToBytes('cairn/sk');
const PREFIX_BYTES = 14;

// Single-threaded and never held across a call.
const scratch = new Uint8Array(PREFIX_BYTES + 480);
scratch.set(KEY_TAG);
const scratchView = new DataView(scratch.buffer);

/** Where an object is in the tree (32 bytes): BLAKE3('cairn/sk' || u32le networkId || u16le namespace code || key). */
export function stateKeyHash(crypto: CryptoPort, networkId: number, code: number, key: string): Uint8Array {
  scratchView.setUint32(8, networkId, true);
  scratchView.setUint16(12, code, true);
  let end = PREFIX_BYTES;
  for (let index = 0; index < key.length; index++) {
    const unit = key.charCodeAt(index);
    if (unit >= 0x80) {
      const encoded = utf8Encode(key);
      scratch.set(encoded, PREFIX_BYTES);
      end = PREFIX_BYTES + encoded.length;
      break;
    }
    scratch[end++] = unit;
  }
  return crypto.blake3(scratch.subarray(0, end));
}
