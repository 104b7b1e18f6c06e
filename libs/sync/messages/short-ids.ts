import type { TxId } from '#chain';
import { type CryptoPort, concatBytes, hexToBytes } from '#crypto';
import { SHORT_ID_BYTES } from './messages.js';
import { bytesToSipKey, type SipKey, sipHash } from './sip-hash.js';

/** A short id as a number below 2^48, for maps. */
export type ShortId = number;

/**
 * Key of a block's short ids: the first 16 bytes of SHA-256(header || salt), as in BIP 152. Nobody knows it before the
 * block is found, so nobody can prepare transactions that collide.
 */
export function shortIdKey(crypto: CryptoPort, header: Uint8Array, salt: Uint8Array): SipKey {
  return bytesToSipKey(crypto.sha256(concatBytes(header, salt)));
}

/** The low 48 bits of SipHash-2-4 over the 32 id bytes. */
export function toShortId(key: SipKey, id: TxId): ShortId {
  const [low, high] = sipHash(key, hexToBytes(id));
  return (high & 0xffff) * 0x1_0000_0000 + low;
}

/** Six bytes little-endian each. */
export function encodeShortIds(ids: readonly ShortId[]): Uint8Array {
  const out = new Uint8Array(ids.length * SHORT_ID_BYTES);
  const view = new DataView(out.buffer);
  for (const [index, id] of ids.entries()) {
    view.setUint32(index * SHORT_ID_BYTES, id >>> 0, true);
    view.setUint16(index * SHORT_ID_BYTES + 4, Math.floor(id / 0x1_0000_0000), true);
  }
  return out;
}

/** The short ids of an announcement, or undefined where the bytes are no whole number of them. */
export function decodeShortIds(source: Uint8Array): readonly ShortId[] | undefined {
  if (source.length % SHORT_ID_BYTES !== 0) return undefined;
  const view = new DataView(source.buffer, source.byteOffset, source.byteLength);
  const ids: ShortId[] = [];
  for (let at = 0; at < source.length; at += SHORT_ID_BYTES)
    ids.push(view.getUint16(at + 4, true) * 0x1_0000_0000 + view.getUint32(at, true));
  return ids;
}
