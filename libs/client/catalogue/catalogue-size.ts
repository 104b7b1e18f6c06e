import { type Catalogue, encodeCatalogue } from '#catalogue';
import { type FilePlan, planFile, type RedundancyProfile } from '#fragments';

/** A file that is to be stored. */
export interface NewFile {
  readonly path: string;
  readonly sizeBytes: number;
}

/** What one fragment takes in a manifest: its id and its contract. */
const FRAGMENT_BYTES = 64;
/** The rest of a segment's and of an entry's encoding, rounded up. */
const SEGMENT_BYTES = 64;
const ENTRY_BYTES = 256;

/** About how large a catalogue is with further files in it. A file under a name that is there already counts twice. */
export function catalogueSizeWith(
  catalogue: Catalogue,
  files: readonly NewFile[],
  terms: { readonly profile: RedundancyProfile; readonly fragmentSize?: number },
): number {
  return files.reduce((sum, { path, sizeBytes }) => {
    const planned = planFile({ ...terms, sizeBytes });
    return sum + ENTRY_BYTES + Buffer.byteLength(path) + (planned.ok ? segmentsBytes(planned.value) : 0);
  }, encodeCatalogue(catalogue).length);
}

function segmentsBytes({ segmentCount, profile }: FilePlan): number {
  return segmentCount * (SEGMENT_BYTES + profile.n * FRAGMENT_BYTES);
}
