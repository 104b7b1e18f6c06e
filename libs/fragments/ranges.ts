import { accepted, type Result, refused } from '#errors';
import { recordPlainBytes, recordSealedBytes, recordTagBytes, sealedLength } from './layout.js';
import { type FilePlan, segmentOfPlan } from './plan.js';
import type { LayoutViolation } from './profiles.js';

/** Part of one data fragment, in bytes of the stored fragment. */
export interface FragmentSpan {
  readonly fragmentIndex: number;
  readonly from: number;
  readonly toExclusive: number;
}

/** What one segment contributes to a range of the file. */
export interface SegmentRange {
  readonly segmentIndex: number;
  readonly firstRecord: number;
  readonly lastRecordExclusive: number;
  /** Bytes of the segment's sealed stream that hold these records. */
  readonly sealedFrom: number;
  readonly sealedToExclusive: number;
  /** Plaintext bytes of these records to leave out before the range starts. */
  readonly skipBytes: number;
  /** Plaintext bytes of the range in this segment. */
  readonly takeBytes: number;
  /** The data fragments that hold these records, in order. */
  readonly spans: readonly FragmentSpan[];
}

/** Which segments, records and fragment parts cover the bytes [from, toExclusive) of a file. */
export function planRange(
  plan: FilePlan,
  from: number,
  toExclusive: number,
): Result<SegmentRange[], LayoutViolation> {
  if (!Number.isInteger(from) || from < 0 || from > plan.sizeBytes)
    return refused(rangeViolation('from', from, `an integer from 0 to ${plan.sizeBytes}`));
  if (!Number.isInteger(toExclusive) || toExclusive < from || toExclusive > plan.sizeBytes)
    return refused(
      rangeViolation('toExclusive', toExclusive, `an integer from ${from} to ${plan.sizeBytes}`),
    );
  const ranges: SegmentRange[] = [];
  for (let position = from; position < toExclusive; ) {
    const segmentIndex = Math.floor(position / plan.segmentCapacity);
    const range = rangeOfSegment(plan, segmentIndex, position, toExclusive);
    ranges.push(range);
    position += range.takeBytes;
  }
  return accepted(ranges);
}

function rangeOfSegment(
  plan: FilePlan,
  segmentIndex: number,
  from: number,
  toExclusive: number,
): SegmentRange {
  const segment = segmentOfPlan(plan, segmentIndex);
  const start = from - segment.offset;
  const end = Math.min(toExclusive - segment.offset, segment.plainLength);
  const firstRecord = Math.floor(start / recordPlainBytes);
  const lastRecordExclusive = Math.ceil(end / recordPlainBytes);
  const sealedFrom = firstRecord * recordSealedBytes;
  const sealedToExclusive = Math.min(
    lastRecordExclusive * recordSealedBytes,
    sealedLength(segment.plainLength),
  );
  return {
    segmentIndex,
    firstRecord,
    lastRecordExclusive,
    sealedFrom,
    sealedToExclusive,
    skipBytes: start - firstRecord * recordPlainBytes,
    takeBytes: end - start,
    spans: sealedToSpans(sealedFrom, sealedToExclusive, segment.fragmentLength),
  };
}

/** The parts of data fragments that hold the bytes [from, toExclusive) of a segment's sealed stream. */
export function sealedToSpans(from: number, toExclusive: number, fragmentLength: number): FragmentSpan[] {
  const spans: FragmentSpan[] = [];
  for (let position = from; position < toExclusive; ) {
    const fragmentIndex = Math.floor(position / fragmentLength);
    const start = fragmentIndex * fragmentLength;
    const end = Math.min(toExclusive, start + fragmentLength);
    spans.push({ fragmentIndex, from: position - start, toExclusive: end - start });
    position = end;
  }
  return spans;
}

/** Plaintext bytes of record `index` in a segment. */
export function recordPlainLength(plainLength: number, index: number): number {
  return Math.min(recordPlainBytes, plainLength - index * recordPlainBytes);
}

/** Sealed bytes of record `index`: its plaintext and the tag. */
export function recordSealedLength(plainLength: number, index: number): number {
  return recordPlainLength(plainLength, index) + recordTagBytes;
}

function rangeViolation(field: string, value: number, allowed: string): LayoutViolation {
  return { rule: 'fragments/range', field, value, allowed };
}
