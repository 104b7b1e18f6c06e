import { bytesToHex, type CryptoPort, hexToBytes, reverseBytes } from '#crypto';
import type { Result } from '#errors';
import { decode, encode } from '../codec/codec.js';
import { bytes, struct, type TypeOf, u32 } from '../codec/schema.js';
import type { BlockId } from '../primitives/ids.js';

/** Bytes of a header. */
export const HEADER_BYTES = 80;

/** Bits of `version` that miners may roll (BIP 320); consensus ignores them. */
export const VERSION_ROLLING_MASK = 0x1fff_e000;

/** The version every block carries outside the rolled bits. */
export const BLOCK_VERSION = 0x2000_0000;

/** The 80-byte header in Bitcoin's layout and byte order, so that SHA-256d mining hardware works unchanged. */
export const headerSchema = struct({
  version: u32,
  /** Hash of the parent header, internal byte order. */
  previous: bytes(32),
  /** Double SHA-256 of the coinbase alone. */
  merkleRoot: bytes(32),
  /** Seconds since 1970. */
  time: u32,
  /** Compact target. */
  bits: u32,
  nonce: u32,
});

export type BlockHeader = TypeOf<typeof headerSchema>;

/** The 80 bytes of a header. */
export function encodeHeader(header: BlockHeader): Uint8Array {
  return encode(headerSchema, header);
}

/** A header from exactly 80 bytes. */
export function decodeHeader(source: Uint8Array): Result<BlockHeader> {
  return decode(headerSchema, source);
}

/** Double SHA-256 of the header, internal byte order. */
export function headerHash(crypto: CryptoPort, header: BlockHeader): Uint8Array {
  return crypto.sha256d(encodeHeader(header));
}

/** The id people see: the hash reversed, in hex. */
export function hashToBlockId(hash: Uint8Array): BlockId {
  return bytesToHex(reverseBytes(hash)) as BlockId;
}

/** The hash of an id, internal byte order. */
export function blockIdToHash(id: BlockId): Uint8Array {
  return hexToBytes(id).reverse();
}
