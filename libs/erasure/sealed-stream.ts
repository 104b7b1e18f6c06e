import { createCipheriv, createDecipheriv, createSecretKey } from 'node:crypto';
import { AppError } from '#errors';
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
import { allocateMemory, releaseMemory } from './memory.js';

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
    releaseMemory(sealed);
    cipher.final();
    writer.write(cipher.getAuthTag());
  }
  writer.write(applyChacha20(keys.paddingKey, new Uint8Array(writer.room)));
}

/** Opens every record of a segment from its k data fragments. Throws AppError `erasure/record-damaged`. */
export function openRecords(
  plainLength: number,
  keys: SegmentKeys,
  fragments: readonly Uint8Array[],
): Uint8Array {
  const key = createSecretKey(keys.segmentKey);
  const total = recordCount(plainLength);
  const plain = allocateMemory(plainLength);
  let sealedAt = 0;
  for (let index = 0; index < total; index++) {
    const plainAt = index * recordPlainBytes;
    const tagAt = sealedAt + recordPlainLength(plainLength, index);
    const nonce = recordNonce(keys.noncePrefix, index, index === total - 1);
    const decipher = createDecipheriv(cipherName, key, nonce, cipherOptions);
    decipher.setAuthTag(Buffer.concat(partsOf(fragments, tagAt, tagAt + recordTagBytes)));
    let at = plainAt;
    for (const part of partsOf(fragments, sealedAt, tagAt)) {
      const opened = decipher.update(part);
      plain.set(opened, at);
      releaseMemory(opened);
      at += part.length;
    }
    try {
      decipher.final();
    } catch (cause) {
      throw recordDamaged(index, total, cause);
    }
    sealedAt = tagAt + recordTagBytes;
  }
  return plain;
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

function partsOf(fragments: readonly Uint8Array[], from: number, toExclusive: number): Uint8Array[] {
  return sealedToSpans(from, toExclusive, fragments[0]?.length ?? 0).map(
    (span) => fragments[span.fragmentIndex]?.subarray(span.from, span.toExclusive) as Uint8Array,
  );
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
