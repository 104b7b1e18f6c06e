import type { LayoutViolation } from './profiles.js';

const kibibyte = 1024;
const mebibyte = 1024 * 1024;

/** Plaintext bytes of a full record. */
export const recordPlainBytes = 64 * kibibyte;
/** Poly1305 tag that follows the ciphertext of every record. */
export const recordTagBytes = 16;
/** Stored bytes of a full record: 65,552. */
export const recordSealedBytes = recordPlainBytes + recordTagBytes;
/** Fragments are whole BLAKE3 chunks, so that a storage proof never meets a short one. */
export const chunkBytes = kibibyte;
export const minFragmentSizeBytes = 64 * kibibyte;
export const maxFragmentSizeBytes = 4 * mebibyte;
export const defaultFragmentSizeBytes = mebibyte;
/** Files above this use fragments of twice the size… */
export const mediumFileBytes = 64 * mebibyte;
/** …and files above this the largest. */
export const largeFileBytes = 1024 * mebibyte;
export const segmentIdBytes = 16;
export const keyBytes = 32;
export const fragmentIdBytes = 32;
export const contractIdBytes = 32;

/**
 * The fragment size a file gets when nobody chooses: 1 MiB, above 64 MiB 2 MiB, above 1 GiB 4 MiB. A fragment costs its
 * provider as much beside its bytes as two MiB of them do (docs/adr/0031-shared-buffers.md).
 */
export function fragmentSizeForFile(sizeBytes: number): number {
  if (sizeBytes > largeFileBytes) return maxFragmentSizeBytes;
  return sizeBytes > mediumFileBytes ? 2 * defaultFragmentSizeBytes : defaultFragmentSizeBytes;
}

/** What is wrong with a fragment size, or undefined: a power of two from 64 KiB to 4 MiB. */
export function validateFragmentSize(fragmentSize: number): LayoutViolation | undefined {
  const isPowerOfTwo = Number.isInteger(fragmentSize) && Number.isInteger(Math.log2(fragmentSize));
  if (isPowerOfTwo && fragmentSize >= minFragmentSizeBytes && fragmentSize <= maxFragmentSizeBytes)
    return undefined;
  return {
    rule: 'fragments/fragment-size',
    field: 'fragmentSize',
    value: fragmentSize,
    allowed: `a power of two from ${minFragmentSizeBytes} to ${maxFragmentSizeBytes}`,
  };
}

/** Records of a segment; an empty segment does not exist. */
export function recordCount(plainLength: number): number {
  return Math.ceil(plainLength / recordPlainBytes);
}

/** Bytes of the sealed stream: the plaintext and one tag a record. */
export function sealedLength(plainLength: number): number {
  return plainLength + recordCount(plainLength) * recordTagBytes;
}

/** The most plaintext whose sealed stream fits into k fragments of the chosen size. */
export function segmentCapacity(k: number, fragmentSize: number): number {
  const room = k * fragmentSize;
  const fullRecords = Math.floor(room / recordSealedBytes);
  const rest = room - fullRecords * recordSealedBytes;
  return fullRecords * recordPlainBytes + Math.max(0, rest - recordTagBytes);
}

/** Length of each fragment of a segment: the sealed stream in k equal parts of whole chunks. */
export function fragmentLengthFor(k: number, plainLength: number): number {
  return Math.ceil(sealedLength(plainLength) / (k * chunkBytes)) * chunkBytes;
}
