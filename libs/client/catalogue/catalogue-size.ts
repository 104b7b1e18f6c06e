import { type Catalogue, encodeCatalogue } from '#catalogue';
import {
  defaultFragmentSizeBytes,
  type FilePlan,
  packCapacity,
  packedFileLimit,
  planFile,
  type RedundancyProfile,
  sealedLength,
} from '#fragments';

/** A file that is to be stored. */
export interface NewFile {
  readonly path: string;
  readonly sizeBytes: number;
}

/** What one fragment takes in a manifest: its id and its contract. */
const FRAGMENT_BYTES = 64;
/** The rest of a segment's and of an entry's encoding, rounded up; of an entry that lies in a pack. */
const SEGMENT_BYTES = 64;
const ENTRY_BYTES = 256;
const PACKED_ENTRY_BYTES = 128;

/** About how large a catalogue is with further files in it. A file under a name that is there already counts twice. */
export function catalogueSizeWith(
  catalogue: Catalogue,
  files: readonly NewFile[],
  terms: { readonly profile: RedundancyProfile; readonly fragmentSize?: number },
): number {
  const { k } = terms.profile;
  const { fragmentSize = defaultFragmentSizeBytes } = terms;
  const limit = packedFileLimit(k, fragmentSize);
  let bytes = encodeCatalogue(catalogue).length;
  let packedBytes = 0;
  for (const { path, sizeBytes } of files) {
    const isPacked = sizeBytes > 0 && sizeBytes <= limit;
    bytes += Buffer.byteLength(path) + (isPacked ? PACKED_ENTRY_BYTES : wholeBytes({ ...terms, sizeBytes }));
    if (isPacked) packedBytes += sealedLength(sizeBytes);
  }
  const capacity = packCapacity(k, fragmentSize);
  const packs = Math.floor(packedBytes / capacity);
  return (
    bytes +
    packs * wholeBytes({ ...terms, sizeBytes: capacity }) +
    (packedBytes > 0 ? wholeBytes({ ...terms, sizeBytes: packedBytes % capacity }) : 0)
  );
}

function wholeBytes(terms: { profile: RedundancyProfile; fragmentSize?: number; sizeBytes: number }): number {
  const planned = planFile(terms);
  return ENTRY_BYTES + (planned.ok ? segmentsBytes(planned.value) : 0);
}

function segmentsBytes({ segmentCount, profile }: FilePlan): number {
  return segmentCount * (SEGMENT_BYTES + profile.n * FRAGMENT_BYTES);
}
