import { bytes, decode, encode, list, height as safeInteger, struct, type TypeOf, u16, u32 } from '#chain';
import { accepted, InvariantError, type Result, refused, type Violation, violationToText } from '#errors';
import { contractIdBytes, fragmentIdBytes, keyBytes, segmentIdBytes } from './layout.js';
import { type FilePlan, planFile, segmentOfPlan } from './plan.js';
import { maxFragmentsPerSegment } from './profiles.js';

/** The only manifest format so far. */
export const manifestVersion = 1;
/** Limit of the decoder; 2^24 segments of the smallest useful size are a petabyte of plaintext or more. */
const maxSegments = 1 << 24;

const manifestSegmentSchema = struct({
  segmentId: bytes(segmentIdBytes),
  plainLength: u32,
  fragmentLength: u32,
  fragmentIds: list(bytes(fragmentIdBytes), maxFragmentsPerSegment),
  holders: list(bytes(contractIdBytes), maxFragmentsPerSegment),
});

const manifestSchema = struct({
  sizeBytes: safeInteger,
  profile: struct({ k: u16, repairBelow: u16, n: u16 }),
  fragmentSize: u32,
  contentKey: bytes(keyBytes),
  repairKey: bytes(keyBytes),
  fileHash: bytes(fragmentIdBytes),
  segments: list(manifestSegmentSchema, maxSegments),
});

/**
 * Everything needed to get one file back, keys included: it is kept sealed, in the catalogue.
 * contentKey and repairKey are random per file; the repair key alone can repair but not read. fileHash is BLAKE3.
 */
export type Manifest = TypeOf<typeof manifestSchema>;

/** One segment of a manifest: n fragment ids, n contract ids (all zero where a fragment is not placed yet). */
export type ManifestSegment = TypeOf<typeof manifestSegmentSchema>;

/** The holder of a fragment that is not placed yet: 32 zero bytes. */
export const notPlaced: Uint8Array = new Uint8Array(contractIdBytes);

/** Whether a fragment has a contract that keeps it. */
export function isPlaced(holder: Uint8Array): boolean {
  return holder.some((byte) => byte !== 0);
}

/** Canonical bytes of a manifest. A manifest that would not decode again is our fault: InvariantError. */
export function encodeManifest(manifest: Manifest): Uint8Array {
  const violation = validateManifest(manifest);
  if (violation !== undefined)
    throw new InvariantError(`manifest not encoded: ${violationToText(violation)}`);
  const body = encode(manifestSchema, manifest);
  const encoded = new Uint8Array(1 + body.length);
  encoded[0] = manifestVersion;
  encoded.set(body, 1);
  return encoded;
}

/** The manifest of canonical bytes, or what is wrong with them; every other form is refused, trailing bytes included. */
export function decodeManifest(encoded: Uint8Array): Result<Manifest> {
  const version = encoded[0];
  if (version !== manifestVersion)
    return refused({ rule: 'manifest/version', version, allowed: String(manifestVersion) });
  const decoded = decode(manifestSchema, encoded.subarray(1));
  if (!decoded.ok) return decoded;
  const violation = validateManifest(decoded.value);
  return violation === undefined ? accepted(decoded.value) : refused(violation);
}

/** The plan a manifest follows, or the violation of its size, profile or fragment size. */
export function planOfManifest(manifest: Manifest): Result<FilePlan> {
  return planFile(manifest);
}

/** The first thing wrong with a manifest, or undefined: its lengths must be exactly those of its plan. */
export function validateManifest(manifest: Manifest): Violation | undefined {
  const planned = planFile(manifest);
  if (!planned.ok) return planned.violation;
  const plan = planned.value;
  if (manifest.segments.length !== plan.segmentCount)
    return {
      rule: 'manifest/segment-count',
      value: manifest.segments.length,
      allowed: String(plan.segmentCount),
    };
  const seen = new Set<string>();
  for (const [index, segment] of manifest.segments.entries()) {
    const violation = validateSegment(plan, index, segment);
    if (violation !== undefined) return violation;
    const id = segment.segmentId.join();
    if (seen.has(id)) return { rule: 'manifest/segment-id-reused', segmentIndex: index };
    seen.add(id);
  }
  return undefined;
}

function validateSegment(plan: FilePlan, index: number, segment: ManifestSegment): Violation | undefined {
  const expected = segmentOfPlan(plan, index);
  const fields: [string, number, number][] = [
    ['plainLength', segment.plainLength, expected.plainLength],
    ['fragmentLength', segment.fragmentLength, expected.fragmentLength],
    ['fragmentIds', segment.fragmentIds.length, plan.profile.n],
    ['holders', segment.holders.length, plan.profile.n],
  ];
  for (const [field, value, allowed] of fields)
    if (value !== allowed)
      return { rule: 'manifest/segment', segmentIndex: index, field, value, allowed: String(allowed) };
  return undefined;
}
