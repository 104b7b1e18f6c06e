import { createCipheriv, createDecipheriv, createSecretKey } from 'node:crypto';
import { AppError, InvariantError } from '#errors';
import {
  recordCount,
  recordNonce,
  recordPlainBytes,
  recordPlainLength,
  recordSealedBytes,
  recordTagBytes,
  type SegmentKeys,
  sealedLength,
  sealedToSpans,
} from '#fragments';
import { applyChacha20 } from './keystream.js';
import { copyBytes, releaseMemory } from './memory.js';

const cipherName = 'chacha20-poly1305';
const cipherOptions = { authTagLength: recordTagBytes };

/**
 * Seals the plaintext record by record into k equal fragments, each record when its bytes are first asked for: whoever
 * goes through the fragments side by side finds what he needs in the cache. Fragments are complete when every byte was
 * asked for. The zeros after the last record are enciphered too: plain zeros would give fragments of all files one id.
 */
export class RecordSealer {
  private readonly key: ReturnType<typeof createSecretKey>;
  private readonly isSealed: Uint8Array;
  private readonly fragmentLength: number;
  private isPadded = false;

  constructor(
    private readonly plain: Uint8Array,
    private readonly keys: SegmentKeys,
    private readonly fragments: readonly Uint8Array[],
  ) {
    this.key = createSecretKey(keys.segmentKey);
    this.isSealed = new Uint8Array(recordCount(plain.length));
    this.fragmentLength = fragments[0]?.length ?? 0;
  }

  /** Bytes of one fragment, sealed now if they were not. */
  part(fragment: number, from: number, toExclusive: number): Uint8Array {
    const start = fragment * this.fragmentLength;
    const last = Math.floor((start + toExclusive - 1) / recordSealedBytes);
    for (let record = Math.floor((start + from) / recordSealedBytes); record <= last; record++)
      if (this.isSealed[record] === 0) this.seal(record);
    if (start + toExclusive > sealedLength(this.plain.length)) this.pad();
    return (this.fragments[fragment] as Uint8Array).subarray(from, toExclusive);
  }

  private seal(record: number): void {
    this.isSealed[record] = 1;
    const start = record * recordPlainBytes;
    const nonce = recordNonce(this.keys.noncePrefix, record, record === this.isSealed.length - 1);
    const cipher = createCipheriv(cipherName, this.key, nonce, cipherOptions);
    const sealed = cipher.update(
      this.plain.subarray(start, start + recordPlainLength(this.plain.length, record)),
    );
    const at = record * recordSealedBytes;
    this.write(at, sealed);
    cipher.final();
    this.write(at + sealed.length, cipher.getAuthTag());
    releaseMemory(sealed);
  }

  private pad(): void {
    if (this.isPadded) return;
    this.isPadded = true;
    const from = sealedLength(this.plain.length);
    const room = this.fragments.length * this.fragmentLength - from;
    this.write(from, applyChacha20(this.keys.paddingKey, new Uint8Array(room)));
  }

  private write(at: number, source: Uint8Array): void {
    let taken = 0;
    for (const span of sealedToSpans(at, at + source.length, this.fragmentLength)) {
      const count = span.toExclusive - span.from;
      const part = source.subarray(taken, taken + count);
      copyBytes(part, this.fragments[span.fragmentIndex] as Uint8Array, span.from);
      taken += count;
    }
  }
}

/** Some records of a segment, one after the other. */
export interface SealedRecords {
  /** Plaintext bytes of the whole segment. */
  readonly plainLength: number;
  readonly first: number;
  readonly count: number;
  /** The sealed stream from the start of the first record on, cut anywhere; more may follow. */
  readonly pieces: readonly Uint8Array[];
}

/** Plaintext bytes of some records. */
export function plainLengthOfRecords({ plainLength, first, count }: Omit<SealedRecords, 'pieces'>): number {
  return Math.min(plainLength, (first + count) * recordPlainBytes) - first * recordPlainBytes;
}

/** Opens records into `plain`, which has just their length. Throws AppError `erasure/record-damaged`. */
export function openRecords(records: SealedRecords, keys: SegmentKeys, plain: Uint8Array): void {
  const { plainLength, first, count, pieces } = records;
  const key = createSecretKey(keys.segmentKey);
  const total = recordCount(plainLength);
  const sealed = new PieceReader(pieces);
  let at = 0;
  for (let index = first; index < first + count; index++) {
    const nonce = recordNonce(keys.noncePrefix, index, index === total - 1);
    const decipher = createDecipheriv(cipherName, key, nonce, cipherOptions);
    for (const part of sealed.take(recordPlainLength(plainLength, index))) {
      const opened = decipher.update(part);
      copyBytes(opened, plain, at);
      releaseMemory(opened);
      at += part.length;
    }
    const tag = sealed.take(recordTagBytes);
    decipher.setAuthTag(tag.length === 1 ? (tag[0] as Uint8Array) : Buffer.concat(tag));
    try {
      decipher.final();
    } catch (cause) {
      throw recordDamaged(index, total, cause);
    }
  }
}

/** Reads a stream of bytes that lies in pieces, from the front, without copying. */
class PieceReader {
  private piece = 0;
  private offset = 0;

  constructor(private readonly pieces: readonly Uint8Array[]) {}

  take(count: number): Uint8Array[] {
    const parts: Uint8Array[] = [];
    for (let missing = count; missing > 0; ) {
      const piece = this.pieces[this.piece];
      if (piece === undefined) throw new InvariantError(`the sealed stream ends ${missing} bytes too early`);
      const part = piece.subarray(this.offset, this.offset + missing);
      if (part.length > 0) parts.push(part);
      missing -= part.length;
      this.offset += part.length;
      if (this.offset < piece.length) continue;
      this.piece++;
      this.offset = 0;
    }
    return parts;
  }
}

function recordDamaged(record: number, records: number, cause: unknown): AppError {
  return new AppError({
    code: 'erasure/record-damaged',
    message: `record ${record} of ${records} does not verify: the content key, the segment id or the length is not the one it was sealed with`,
    next: 'check that the manifest belongs to these fragments; the fragments themselves match their ids',
    data: { record, records },
    cause,
  });
}
