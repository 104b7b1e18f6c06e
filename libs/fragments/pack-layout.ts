import { expand, extract } from '@noble/hashes/hkdf.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { asciiToBytes } from '#crypto';
import { noncePrefixBytes } from './key-schedule.js';
import {
  defaultFragmentSizeBytes,
  keyBytes,
  recordPlainBytes,
  recordSealedBytes,
  sealedLength,
  segmentCapacity,
} from './layout.js';

const labels = {
  memberKey: asciiToBytes('cairn/v1/pack-member-key'),
  noncePrefix: asciiToBytes('cairn/v1/pack-member-nonce'),
};
const noSalt = new Uint8Array(0);
/** A pack is put together in memory: so many bytes at most, and so many segments. */
const maxPackBytes = 64 * 1024 * 1024;
const maxPackSegments = 8;

/** What sealing one member needs, all from its content key. */
export interface MemberKeys {
  /** 32 bytes: ChaCha20-Poly1305 key of the records. */
  readonly memberKey: Uint8Array;
  /** 7 bytes. */
  readonly noncePrefix: Uint8Array;
}

/** The records of a member that hold a range of it. */
export interface MemberRange {
  readonly firstRecord: number;
  readonly lastRecordExclusive: number;
  /** Bytes of the member's sealed stream that hold these records. */
  readonly sealedFrom: number;
  readonly sealedToExclusive: number;
  /** Plaintext bytes of the first record to leave out. */
  readonly skipBytes: number;
}

/** The largest file that goes into a pack: half of what a segment holds. An empty file needs none. */
export function packedFileLimit(k: number, fragmentSize: number = defaultFragmentSizeBytes): number {
  return Math.floor(segmentCapacity(k, fragmentSize) / 2);
}

/** Most bytes of a pack: whole segments, eight of them or what 64 MiB hold, one at least. */
export function packCapacity(k: number, fragmentSize: number = defaultFragmentSizeBytes): number {
  const capacity = segmentCapacity(k, fragmentSize);
  return capacity * Math.max(1, Math.min(maxPackSegments, Math.floor(maxPackBytes / capacity)));
}

/**
 * Sizes of the packs that members of given plaintext lengths make, in their order: a member that does not fit any more
 * begins the next pack.
 */
export function packSizes(plainLengths: Iterable<number>, capacity: number): number[] {
  const sizes: number[] = [];
  let filled = 0;
  for (const plainLength of plainLengths) {
    const length = sealedLength(plainLength);
    if (filled > 0 && filled + length > capacity) {
      sizes.push(filled);
      filled = 0;
    }
    filled += length;
  }
  if (filled > 0) sizes.push(filled);
  return sizes;
}

/**
 * Keys of one member: HKDF-SHA256 (RFC 5869) of its content key without salt. The content key is drawn at random for
 * every sealing and used for this one, so no salt is needed to tell two streams apart.
 */
export function deriveMemberKeys(contentKey: Uint8Array): MemberKeys {
  const root = extract(sha256, contentKey, noSalt);
  return {
    memberKey: expand(sha256, root, labels.memberKey, keyBytes),
    noncePrefix: expand(sha256, root, labels.noncePrefix, noncePrefixBytes),
  };
}

/** Which records of a member of `plainLength` bytes cover its bytes [from, toExclusive), 0 <= from < toExclusive. */
export function memberRange(plainLength: number, from: number, toExclusive: number): MemberRange {
  const firstRecord = Math.floor(from / recordPlainBytes);
  const lastRecordExclusive = Math.ceil(toExclusive / recordPlainBytes);
  return {
    firstRecord,
    lastRecordExclusive,
    sealedFrom: firstRecord * recordSealedBytes,
    sealedToExclusive: Math.min(lastRecordExclusive * recordSealedBytes, sealedLength(plainLength)),
    skipBytes: from - firstRecord * recordPlainBytes,
  };
}
