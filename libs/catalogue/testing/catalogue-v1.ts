import { encode, list, struct, text, u63, varBytes } from '#chain';
import type { FileEntry } from '../entry.js';

const schema = struct({
  sequence: u63,
  files: list(
    struct({
      path: text(4_096),
      sizeBytes: u63,
      modifiedAt: u63,
      storedAt: u63,
      paidUntilHeight: u63,
      manifest: varBytes(1 << 30),
    }),
    1_000,
  ),
});

/** A catalogue as the first format wrote it: without packs and versions. */
export function encodeCatalogueV1(sequence: bigint, files: readonly FileEntry[]): Uint8Array {
  return Uint8Array.of(1, ...encode(schema, { sequence, files }));
}
