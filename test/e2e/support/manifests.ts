import { randomBytes } from 'node:crypto';
import { encodeManifest, notPlaced, segmentCapacity } from '#fragments';

/** The manifest of a file of which nothing is placed yet: 16 KiB for each segment. */
export function manifestOfSegments(count: number): Uint8Array {
  const [k, n, fragmentSize] = [1, 256, 65_536];
  const nothing = Array.from({ length: n }, () => notPlaced);
  return encodeManifest({
    sizeBytes: count * segmentCapacity(k, fragmentSize),
    profile: { k, repairBelow: 2, n },
    fragmentSize,
    contentKey: new Uint8Array(randomBytes(32)),
    repairKey: new Uint8Array(randomBytes(32)),
    fileHash: new Uint8Array(32),
    segments: Array.from({ length: count }, () => ({
      segmentId: new Uint8Array(randomBytes(16)),
      plainLength: segmentCapacity(k, fragmentSize),
      fragmentLength: fragmentSize,
      fragmentIds: nothing,
      holders: nothing,
    })),
  });
}
