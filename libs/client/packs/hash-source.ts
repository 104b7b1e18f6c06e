import { createFileHash } from '../transfer/file-hash.js';
import type { SourceFile } from '../transfer/source.js';

const PIECE_BYTES = 2 ** 20;

/** BLAKE3 of what a source of known size holds, as a catalogue keeps it. */
export async function hashOfSource(source: SourceFile & { readonly sizeBytes: number }): Promise<Uint8Array> {
  const hash = createFileHash();
  for (let left = source.sizeBytes; left > 0; ) {
    const piece = await source.read(Math.min(left, PIECE_BYTES));
    hash.update(piece);
    left -= piece.length;
  }
  await source.assertUnchanged();
  return hash.digest();
}
