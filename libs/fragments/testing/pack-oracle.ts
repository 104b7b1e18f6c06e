import { chacha20poly1305 } from '@noble/ciphers/chacha.js';
import { hkdf } from '@noble/hashes/hkdf.js';
import { sha256 } from '@noble/hashes/sha2.js';

/** A member of a pack written down a second time, from docs/protocol/data-layout.md, section 8. */
export function sealMemberSlowly(plain: Uint8Array, contentKey: Uint8Array): Uint8Array {
  const key = hkdf(sha256, contentKey, undefined, ascii('cairn/v1/pack-member-key'), 32);
  const prefix = hkdf(sha256, contentKey, undefined, ascii('cairn/v1/pack-member-nonce'), 7);
  const sealed: number[] = [];
  for (let from = 0, counter = 0; from < plain.length; from += 65536, counter++) {
    const isLast = from + 65536 >= plain.length;
    const nonce = Uint8Array.of(...prefix, 0, 0, counter >> 8, counter & 255, isLast ? 1 : 0);
    for (const byte of chacha20poly1305(key, nonce).encrypt(plain.slice(from, from + 65536)))
      sealed.push(byte);
  }
  return Uint8Array.from(sealed);
}

function ascii(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}
