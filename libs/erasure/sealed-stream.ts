import { createCipheriv, createDecipheriv, createSecretKey } from 'node:crypto';
import { AppError, InvariantError } from '#errors';
import {
  recordCount,
  recordNonce,
  recordPlainBytes,
  recordPlainLength,
  recordTagBytes,
  type SegmentKeys,
  sealedToSpans,
} from '#fragments';
import { applyChacha20 } from './keystream.js';
import { freeView } from './memory.js';

const cipherName = 'chacha20-poly1305';
const cipherOptions = { authTagLength: recordTagBytes };

/**
 * Seals the plaintext record by record into k equal fragments and enciphers the zeros after the last record.
 * The zeros are enciphered because fragments of plain zeros would share one id across all files.
 */
export function sealRecords(plain: Uint8Array, keys: SegmentKeys, fragments: readonly Uint8Array[]): void {
  const key = createSecretKey(keys.segmentKey);
  const total = recordCount(plain.length);
  const writer = new FragmentWriter(fragments);
  for (let index = 0; index < total; index++) {
    const start = index * recordPlainBytes;
    const nonce = recordNonce(keys.noncePrefix, index, index === total - 1);
    const cipher = createCipheriv(cipherName, key, nonce, cipherOptions);
    const sealed = cipher.update(plain.subarray(start, start + recordPlainLength(plain.length, index)));
    writer.write(sealed);
    freeView(sealed);
    cipher.final();
    writer.write(cipher.getAuthTag());
  }
  writer.write(applyChacha20(keys.paddingKey, new Uint8Array(writer.room)));
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
      plain.set(opened, at);
      freeView(opened);
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

/** Writes a stream of bytes across fragments of equal length. */
class FragmentWriter {
  private position = 0;
  private readonly length: number;

  constructor(private readonly fragments: readonly Uint8Array[]) {
    this.length = fragments[0]?.length ?? 0;
  }

  get room(): number {
    return this.fragments.length * this.length - this.position;
  }

  write(source: Uint8Array): void {
    let taken = 0;
    for (const span of sealedToSpans(this.position, this.position + source.length, this.length)) {
      const count = span.toExclusive - span.from;
      this.fragments[span.fragmentIndex]?.set(source.subarray(taken, taken + count), span.from);
      taken += count;
    }
    this.position += source.length;
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
