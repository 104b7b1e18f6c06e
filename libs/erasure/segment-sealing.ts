import { AppError } from '#errors';
import {
  deriveParityMaskKeys,
  deriveSegmentKeys,
  fragmentLengthFor,
  recordCount,
  recordSealedBytes,
  sealedLength,
} from '#fragments';
import { hashBytes } from './fragment-hash.js';
import { applyChacha20, createChacha20 } from './keystream.js';
import { allocateMemory, releaseMemory } from './memory.js';
import type {
  ErasureCodec,
  OpenInput,
  OpenRangeInput,
  RepairInput,
  SealedSegment,
  SealInput,
} from './port.js';
import { openRecords, openRecordsFrom, sealRecords } from './sealed-stream.js';
import { tooFewFragments } from './shards.js';

/** Columns of parity coded and masked at a time, while they are in the cache. */
const stripeBytes = 64 * 1024;

/**
 * Seals one segment under a given id, on the calling thread. The id must never have been used with these keys:
 * outside tests only the worker calls this, with 16 fresh random bytes.
 */
export function sealSegmentUnderId(
  codec: ErasureCodec,
  segmentId: Uint8Array,
  input: SealInput,
): SealedSegment {
  const { plain, profile } = input;
  const fragmentLength = fragmentLengthFor(profile.k, plain.length);
  const fragments = Array.from({ length: profile.n }, () => allocateMemory(fragmentLength));
  const data = fragments.slice(0, profile.k);
  sealRecords(plain, deriveSegmentKeys(input.contentKey, segmentId), data);
  const maskKeys = deriveParityMaskKeys(input.repairKey, segmentId, indexesBetween(profile.k, profile.n));
  encodeMasked(codec, data, fragments.slice(profile.k), maskKeys);
  return {
    segmentId,
    plainLength: plain.length,
    fragmentLength,
    fragments,
    fragmentIds: fragments.map(hashBytes),
  };
}

/** The plaintext of a segment, on the calling thread. Data fragments alone need no decoding. */
export function openSegmentHere(codec: ErasureCodec, input: OpenInput): Uint8Array {
  const { k } = input.profile;
  checkFragments(input);
  const missing = indexesBetween(0, k).filter((index) => input.fragments[index] === undefined);
  const shards = takeShards(input, k);
  const rebuilt = missing.length > 0 ? codec.reconstruct(shards, k, missing) : [];
  for (const [at, index] of missing.entries()) shards[index] = rebuilt[at];
  return openRecords(
    input.plainLength,
    deriveSegmentKeys(input.contentKey, input.segmentId),
    shards.slice(0, k) as Uint8Array[],
  );
}

/** The plaintext of some whole records, on the calling thread. */
export function openRangeHere(input: OpenRangeInput): Uint8Array {
  const { plainLength, firstRecord, sealed } = input;
  const keys = deriveSegmentKeys(input.contentKey, input.segmentId);
  return openRecordsFrom(plainLength, keys, firstRecord, countRecordsGiven(input) as number, sealed);
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
export function repairFragmentsHere(codec: ErasureCodec, input: RepairInput): Uint8Array[] {
  const { k } = input.profile;
  checkFragments(input);
  const rebuilt = codec.reconstruct(takeShards(input, k), k, input.missing);
  const parityKeys = deriveParityMaskKeys(input.repairKey, input.segmentId, input.missing);
  const fragments = rebuilt.map((shard, at) =>
    (input.missing[at] as number) < k ? shard : applyChacha20(parityKeys[at] as Uint8Array, shard),
  );
  const wrong = input.missing.filter(
    (index, at) => !isId(fragments[at] as Uint8Array, input.fragmentIds[index]),
  );
  if (wrong.length > 0)
    throw new AppError({
      code: 'erasure/repair-mismatch',
      message: `rebuilt fragments ${wrong.join(', ')} do not have the ids of the manifest: the repair key or the segment id is another segment's`,
      next: 'check that repair key, segment id and fragment ids come from one manifest',
      data: { fragments: wrong },
    });
  return fragments;
}

/** Present fragments of data, and of parity (unmasked) just as many as are needed to reach k. */
function takeShards(input: OpenInput | RepairInput, k: number): (Uint8Array | undefined)[] {
  const present = indexesBetween(0, input.profile.n).filter((index) => input.fragments[index] !== undefined);
  if (present.length < k) throw tooFewFragments(present.length, k, input.profile.n);
  const chosen = present.slice(0, k);
  const parity = chosen.filter((index) => index >= k);
  const keys = deriveParityMaskKeys(input.repairKey, input.segmentId, parity);
  const shards = new Array<Uint8Array | undefined>(input.profile.n).fill(undefined);
  for (const index of chosen) shards[index] = input.fragments[index];
  for (const [at, index] of parity.entries())
    shards[index] = applyChacha20(keys[at] as Uint8Array, shards[index] as Uint8Array);
  return shards;
}

function encodeMasked(
  codec: ErasureCodec,
  data: readonly Uint8Array[],
  parity: readonly Uint8Array[],
  maskKeys: readonly Uint8Array[],
): void {
  const length = data[0]?.length ?? 0;
  const scratch = parity.map(() => new Uint8Array(Math.min(stripeBytes, length)));
  const masks = maskKeys.map(createChacha20);
  for (let from = 0; from < length; from += stripeBytes) {
    const toExclusive = Math.min(length, from + stripeBytes);
    const stripe = scratch.map((row) => row.subarray(0, toExclusive - from));
    codec.encode(
      data.map((row) => row.subarray(from, toExclusive)),
      stripe,
    );
    for (const [at, mask] of masks.entries()) {
      const masked = mask(stripe[at] as Uint8Array);
      parity[at]?.set(masked, from);
      releaseMemory(masked);
    }
  }
}

function checkFragments(input: OpenInput | RepairInput): void {
  const damaged: number[] = [];
  for (const [index, fragment] of input.fragments.entries()) {
    if (fragment === undefined) continue;
    if (fragment.length !== input.fragmentLength || !isId(fragment, input.fragmentIds[index]))
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

function isId(fragment: Uint8Array, id: Uint8Array | undefined): boolean {
  return id !== undefined && Buffer.compare(hashBytes(fragment), id) === 0;
}

function indexesBetween(from: number, toExclusive: number): number[] {
  return Array.from({ length: toExclusive - from }, (_, at) => from + at);
}
