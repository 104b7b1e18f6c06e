import { AppError } from '#errors';
import {
  deriveParityMaskKeys,
  deriveSegmentKeys,
  fragmentLengthFor,
  recordCount,
  recordSealedBytes,
  sealedLength,
} from '#fragments';
import { createFragmentHasher, hashBytes } from './fragment-hash.js';
import { type Chacha20, createChacha20 } from './keystream.js';
import { allocateMemory, copyBytes, releaseMemory } from './memory.js';
import type {
  ErasureCodec,
  OpenInput,
  OpenRangeInput,
  RepairInput,
  SealedSegment,
  SealInput,
} from './port.js';
import { openRecords, plainLengthOfRecords, RecordSealer } from './sealed-stream.js';
import { tooFewFragments } from './shards.js';

/** Where results go: memory used before, as far as it fits. */
export type MemorySource = (length: number) => Uint8Array;

/**
 * Seals one segment under a given id, on the calling thread. The id must never have been used with these keys:
 * outside tests only the worker calls this, with 16 fresh random bytes.
 */
export function sealSegmentUnderId(
  codec: ErasureCodec,
  segmentId: Uint8Array,
  input: SealInput,
  allocate: MemorySource = allocateMemory,
): SealedSegment {
  const { plain, profile } = input;
  const { k, n } = profile;
  const fragmentLength = fragmentLengthFor(k, plain.length);
  const fragments = Array.from({ length: n }, () => allocate(fragmentLength));
  const data = fragments.slice(0, k);
  const sealer = new RecordSealer(plain, deriveSegmentKeys(input.contentKey, segmentId), data);
  const parityIndexes = indexesBetween(k, n);
  const masks = deriveParityMaskKeys(input.repairKey, segmentId, parityIndexes).map(createChacha20);
  const hashers = fragments.map(createFragmentHasher);
  // One pass over the columns: each part is sealed, coded, masked and hashed while it is in the cache.
  codec.code({
    length: fragmentLength,
    present: indexesBetween(0, k),
    wanted: parityIndexes,
    read: (at, from, toExclusive) => {
      const part = sealer.part(at, from, toExclusive);
      hashers[at]?.update(part);
      return part;
    },
    write: (from, rows) => {
      for (const [at, row] of rows.entries()) {
        const masked = (masks[at] as Chacha20)(row);
        copyBytes(masked, fragments[k + at] as Uint8Array, from);
        hashers[k + at]?.update(masked);
        releaseMemory(masked);
      }
    },
  });
  return {
    segmentId,
    plainLength: plain.length,
    fragmentLength,
    fragments,
    fragmentIds: hashers.map((hasher) => hasher.digest()),
  };
}

/** The plaintext of a segment, on the calling thread. Data fragments alone need no decoding. */
export function openSegmentHere(
  codec: ErasureCodec,
  input: OpenInput,
  allocate: MemorySource = allocateMemory,
): Uint8Array {
  const { plainLength, fragmentLength, fragments } = input;
  const { k } = input.profile;
  checkFragments(input);
  const missing = indexesBetween(0, k).filter((index) => fragments[index] === undefined);
  const rebuilt = missing.map(() => allocateMemory(fragmentLength));
  if (missing.length > 0)
    codeFrom(codec, input, missing, (at, from, row) => {
      copyBytes(row, rebuilt[at] as Uint8Array, from);
    });
  const pieces = indexesBetween(0, k).map(
    (index) => (fragments[index] ?? rebuilt[missing.indexOf(index)]) as Uint8Array,
  );
  const plain = allocate(plainLength);
  const records = { plainLength, first: 0, count: recordCount(plainLength), pieces };
  openRecords(records, deriveSegmentKeys(input.contentKey, input.segmentId), plain);
  for (const shard of rebuilt) releaseMemory(shard);
  return plain;
}

/** The plaintext of some whole records, on the calling thread. */
export function openRangeHere(input: OpenRangeInput, allocate: MemorySource = allocateMemory): Uint8Array {
  const { plainLength, firstRecord, sealed } = input;
  const count = countRecordsGiven(input) as number;
  const records = { plainLength, first: firstRecord, count, pieces: sealed };
  const plain = allocate(plainLengthOfRecords(records));
  openRecords(records, deriveSegmentKeys(input.contentKey, input.segmentId), plain);
  return plain;
}

/** Plaintext bytes of the records given; they are whole. */
export function plainLengthOfRange(input: OpenRangeInput): number {
  const { plainLength, firstRecord: first } = input;
  return plainLengthOfRecords({ plainLength, first, count: countRecordsGiven(input) as number });
}

/** How many whole records the pieces of a range hold; undefined when they end inside a record or hold none. */
export function countRecordsGiven({ plainLength, firstRecord, sealed }: OpenRangeInput): number | undefined {
  const sealedBytes = sealed.reduce((sum, piece) => sum + piece.length, 0);
  const total = recordCount(plainLength);
  const count = Math.ceil(sealedBytes / recordSealedBytes);
  const toExclusive = Math.min((firstRecord + count) * recordSealedBytes, sealedLength(plainLength));
  const isWhole = toExclusive - firstRecord * recordSealedBytes === sealedBytes;
  return count > 0 && firstRecord + count <= total && isWhole ? count : undefined;
}

/** The fragments in `missing`, as first stored, on the calling thread. Throws AppError `erasure/repair-mismatch`. */
export function repairFragmentsHere(
  codec: ErasureCodec,
  input: RepairInput,
  allocate: MemorySource = allocateMemory,
): Uint8Array[] {
  const { k } = input.profile;
  const { missing } = input;
  checkFragments(input);
  const keys = deriveParityMaskKeys(input.repairKey, input.segmentId, missing);
  const masks = missing.map((index, at) => (index < k ? undefined : createChacha20(keys[at] as Uint8Array)));
  const fragments = missing.map(() => allocate(input.fragmentLength));
  const hashers = fragments.map(createFragmentHasher);
  codeFrom(codec, input, missing, (at, from, row) => {
    const masked = masks[at]?.(row) ?? row;
    copyBytes(masked, fragments[at] as Uint8Array, from);
    hashers[at]?.update(masked);
    if (masked !== row) releaseMemory(masked);
  });
  const wrong = missing.filter((index, at) => !isSame(hashers[at]?.digest(), input.fragmentIds[index]));
  if (wrong.length > 0)
    throw new AppError({
      code: 'erasure/repair-mismatch',
      message: `rebuilt fragments ${wrong.join(', ')} do not have the ids of the manifest: the repair key or the segment id is another segment's`,
      next: 'check that repair key, segment id and fragment ids come from one manifest',
      data: { fragments: wrong },
    });
  return fragments;
}

/**
 * Codes the wanted shards from k of the fragments given, data first; parity is unmasked part by part on the way.
 * Rows are the unmasked shards.
 */
function codeFrom(
  codec: ErasureCodec,
  input: OpenInput | RepairInput,
  wanted: readonly number[],
  write: (at: number, from: number, row: Uint8Array) => void,
): void {
  const { k, n } = input.profile;
  const all = indexesBetween(0, n).filter((index) => input.fragments[index] !== undefined);
  if (all.length < k) throw tooFewFragments(all.length, k, n);
  const present = all.slice(0, k);
  const keys = deriveParityMaskKeys(input.repairKey, input.segmentId, present);
  const masks = present.map((index, at) => (index < k ? undefined : createChacha20(keys[at] as Uint8Array)));
  let unmasked: Uint8Array | undefined;
  codec.code({
    length: input.fragmentLength,
    present,
    wanted,
    read: (at, from, toExclusive) => {
      const part = (input.fragments[present[at] as number] as Uint8Array).subarray(from, toExclusive);
      if (unmasked !== undefined) releaseMemory(unmasked);
      unmasked = masks[at]?.(part);
      return unmasked ?? part;
    },
    write: (from, rows) => {
      for (const [at, row] of rows.entries()) write(at, from, row);
    },
  });
}

function checkFragments(input: OpenInput | RepairInput): void {
  const damaged: number[] = [];
  for (const [index, fragment] of input.fragments.entries()) {
    if (fragment === undefined) continue;
    if (fragment.length !== input.fragmentLength || !isSame(hashBytes(fragment), input.fragmentIds[index]))
      damaged.push(index);
  }
  if (damaged.length > 0)
    throw new AppError({
      code: 'erasure/fragment-damaged',
      message: `fragments ${damaged.join(', ')} do not match their ids`,
      next: 'fetch these fragments from their providers again, or other fragments of the segment instead',
      data: { fragments: damaged },
    });
}

function isSame(id: Uint8Array | undefined, expected: Uint8Array | undefined): boolean {
  return id !== undefined && expected !== undefined && Buffer.compare(id, expected) === 0;
}

function indexesBetween(from: number, toExclusive: number): number[] {
  return Array.from({ length: toExclusive - from }, (_, at) => from + at);
}
