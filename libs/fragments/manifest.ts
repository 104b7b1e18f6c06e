import type { RedundancyProfile } from './profiles.js';

/** One segment in a manifest: where its n fragments are and what they hash to. */
export interface ManifestSegment {
  /** 16 bytes. */
  readonly segmentId: Uint8Array;
  readonly plainLength: number;
  readonly fragmentLength: number;
  /** n ids of 32 bytes. */
  readonly fragmentIds: readonly Uint8Array[];
  /** n contract ids of 32 bytes, all zero where a fragment is not placed. */
  readonly holders: readonly Uint8Array[];
}

/** Everything needed to get one file back, keys included: it is kept sealed, in the catalogue. */
export interface Manifest {
  readonly sizeBytes: number;
  readonly profile: RedundancyProfile;
  readonly fragmentSize: number;
  /** 32 bytes, random per file. */
  readonly contentKey: Uint8Array;
  /** 32 bytes, random per file; given to the repairer, who can repair with it but not read. */
  readonly repairKey: Uint8Array;
  /** BLAKE3 of the whole file. */
  readonly fileHash: Uint8Array;
  readonly segments: readonly ManifestSegment[];
}
