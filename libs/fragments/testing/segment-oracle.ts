import { chacha20, chacha20poly1305 } from '@noble/ciphers/chacha.js';
import { blake3 } from '@noble/hashes/blake3.js';
import { hkdf } from '@noble/hashes/hkdf.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { encodeSlowly } from './reed-solomon-oracle.js';

/** The layout written down a second time, from docs/protocol/data-layout.md and not from the code beside it. */
export interface OracleSegment {
  readonly fragmentLength: number;
  readonly fragments: Uint8Array[];
  readonly fragmentIds: Uint8Array[];
}

/** Seals a segment with noble alone, in one straight line: the fast road must agree byte for byte. */
export function sealSlowly(input: {
  plain: Uint8Array;
  segmentId: Uint8Array;
  contentKey: Uint8Array;
  repairKey: Uint8Array;
  k: number;
  n: number;
}): OracleSegment {
  const { plain, segmentId, contentKey, repairKey, k, n } = input;
  const derive = (key: Uint8Array, info: Uint8Array, length: number) =>
    hkdf(sha256, key, segmentId, info, length);
  const segmentKey = derive(contentKey, ascii('cairn/v1/segment-key'), 32);
  const prefix = derive(contentKey, ascii('cairn/v1/segment-nonce'), 7);
  const paddingKey = derive(contentKey, ascii('cairn/v1/segment-padding'), 32);

  const sealed: number[] = [];
  for (let from = 0, counter = 0; from < plain.length; from += 65536, counter++) {
    const isLast = from + 65536 >= plain.length;
    const nonce = Uint8Array.of(...prefix, 0, 0, counter >> 8, counter & 255, isLast ? 1 : 0);
    for (const byte of chacha20poly1305(segmentKey, nonce).encrypt(plain.slice(from, from + 65536)))
      sealed.push(byte);
  }
  const fragmentLength = Math.ceil(sealed.length / (1024 * k)) * 1024;
  const zeros = new Uint8Array(k * fragmentLength - sealed.length);
  for (const byte of chacha20(paddingKey, new Uint8Array(12), zeros)) sealed.push(byte);

  const stream = Uint8Array.from(sealed);
  const data = Array.from({ length: k }, (_, i) =>
    stream.slice(i * fragmentLength, (i + 1) * fragmentLength),
  );
  const parity = encodeSlowly(data, n - k).map((shard, at) => {
    const index = k + at;
    const maskKey = derive(
      repairKey,
      Uint8Array.of(...ascii('cairn/v1/parity-mask'), index >> 8, index & 255),
      32,
    );
    return chacha20(maskKey, new Uint8Array(12), shard);
  });
  const fragments = [...data, ...parity];
  return { fragmentLength, fragments, fragmentIds: fragments.map((fragment) => blake3(fragment)) };
}

function ascii(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}
