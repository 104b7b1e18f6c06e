import { expand, extract } from '@noble/hashes/hkdf.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { asciiToBytes } from '#crypto';
import { keyBytes } from './layout.js';

/** Bytes of the fixed part of a record's nonce. */
export const noncePrefixBytes = 7;
/** Bytes of a record's nonce: prefix, counter, last flag. */
export const recordNonceBytes = 12;

const labels = {
  segmentKey: asciiToBytes('cairn/v1/segment-key'),
  noncePrefix: asciiToBytes('cairn/v1/segment-nonce'),
  paddingKey: asciiToBytes('cairn/v1/segment-padding'),
  parityMask: asciiToBytes('cairn/v1/parity-mask'),
};

/** What sealing one segment needs, all from (content key, segment id). */
export interface SegmentKeys {
  /** 32 bytes: ChaCha20-Poly1305 key of the records. */
  readonly segmentKey: Uint8Array;
  /** 7 bytes. */
  readonly noncePrefix: Uint8Array;
  /** 32 bytes: ChaCha20 key that enciphers the zeros after the last record. */
  readonly paddingKey: Uint8Array;
}

/**
 * Keys of one segment: HKDF-SHA256 (RFC 5869) with the content key as input, the segment id as salt, a label as info.
 * A segment id is drawn for every attempt, so no key ever meets two plaintexts.
 */
export function deriveSegmentKeys(contentKey: Uint8Array, segmentId: Uint8Array): SegmentKeys {
  const root = extract(sha256, contentKey, segmentId);
  return {
    segmentKey: expand(sha256, root, labels.segmentKey, keyBytes),
    noncePrefix: expand(sha256, root, labels.noncePrefix, noncePrefixBytes),
    paddingKey: expand(sha256, root, labels.paddingKey, keyBytes),
  };
}

/**
 * Mask keys of the parity fragments asked for (indexes k..n-1): HKDF(repair key, segment id, label || u16be index).
 * Masked with ChaCha20 (RFC 8439, zero nonce, counter 0) after coding, so holders of k fragments cannot make another.
 */
export function deriveParityMaskKeys(
  repairKey: Uint8Array,
  segmentId: Uint8Array,
  indexes: readonly number[],
): Uint8Array[] {
  const root = extract(sha256, repairKey, segmentId);
  const info = new Uint8Array(labels.parityMask.length + 2);
  info.set(labels.parityMask);
  return indexes.map((index) => {
    info[labels.parityMask.length] = index >>> 8;
    info[labels.parityMask.length + 1] = index & 0xff;
    return expand(sha256, root, info, keyBytes);
  });
}

/**
 * Nonce of record `index`: prefix || u32be index || 1 for the last record, else 0.
 * The flag makes a stream cut at a record boundary fail (STREAM: Hoang, Reyhanitabar, Rogaway, Vizár 2015).
 */
export function recordNonce(noncePrefix: Uint8Array, index: number, isLast: boolean): Uint8Array {
  const nonce = new Uint8Array(recordNonceBytes);
  nonce.set(noncePrefix);
  new DataView(nonce.buffer).setUint32(noncePrefixBytes, index);
  nonce[recordNonceBytes - 1] = isLast ? 1 : 0;
  return nonce;
}
