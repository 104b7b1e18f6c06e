import { accepted, type Result, refused } from '#errors';
import { fragmentLengthFor, fragmentSizeForFile, segmentCapacity, validateFragmentSize } from './layout.js';
import { type LayoutViolation, type RedundancyProfile, validateProfile } from './profiles.js';

/** One segment of a plan: which bytes of the file it holds and how long its fragments are. */
export interface SegmentPlan {
  readonly index: number;
  /** First byte of the file in this segment. */
  readonly offset: number;
  readonly plainLength: number;
  readonly fragmentLength: number;
}

/** How a file of a known size is cut; everything else follows from these values. */
export interface FilePlan {
  readonly sizeBytes: number;
  readonly profile: RedundancyProfile;
  readonly fragmentSize: number;
  /** Plaintext bytes of every segment but the last. */
  readonly segmentCapacity: number;
  readonly segmentCount: number;
}

/** Plans a file: size, profile and (optionally) fragment size to segments. An empty file has none. */
export function planFile(input: {
  sizeBytes: number;
  profile: RedundancyProfile;
  fragmentSize?: number;
}): Result<FilePlan, LayoutViolation> {
  const { sizeBytes, profile } = input;
  if (!Number.isSafeInteger(sizeBytes) || sizeBytes < 0)
    return refused({
      rule: 'fragments/file-size',
      field: 'sizeBytes',
      value: sizeBytes,
      allowed: `an integer from 0 to ${Number.MAX_SAFE_INTEGER}`,
    });
  const fragmentSize = input.fragmentSize ?? fragmentSizeForFile(sizeBytes);
  const violation = validateProfile(profile) ?? validateFragmentSize(fragmentSize);
  if (violation !== undefined) return refused(violation);
  const capacity = segmentCapacity(profile.k, fragmentSize);
  const segmentCount = Math.ceil(sizeBytes / capacity);
  return accepted({ sizeBytes, profile, fragmentSize, segmentCapacity: capacity, segmentCount });
}

/** The segment with a given index (0..segmentCount-1) of a plan. */
export function segmentOfPlan(plan: FilePlan, index: number): SegmentPlan {
  const offset = index * plan.segmentCapacity;
  const plainLength = Math.min(plan.segmentCapacity, plan.sizeBytes - offset);
  return { index, offset, plainLength, fragmentLength: fragmentLengthFor(plan.profile.k, plainLength) };
}

/** All segments of a plan, in file order. */
export function* segmentsOfPlan(plan: FilePlan): Generator<SegmentPlan> {
  for (let index = 0; index < plan.segmentCount; index++) yield segmentOfPlan(plan, index);
}

/** Bytes the providers keep for a file: n fragments of every segment. */
export function storedBytesOfPlan(plan: FilePlan): number {
  if (plan.segmentCount === 0) return 0;
  const full = fragmentLengthFor(plan.profile.k, plan.segmentCapacity) * (plan.segmentCount - 1);
  const last = segmentOfPlan(plan, plan.segmentCount - 1).fragmentLength;
  return (full + last) * plan.profile.n;
}
