import { list, struct, type TypeOf, u32, varBytes } from '#chain';
import { blake3ChunkCount, type CryptoPort, hexToBytes, verifyBaoSlice, verifyInclusion } from '#crypto';
import type { Violation } from '#errors';
import { leafHash, leafPathSchema, leafSchema, leafStartChunk, MAX_FRAGMENT_BYTES } from '../terms/leaves.js';

/** A Bao slice of one chunk: length, at most 12 parent nodes (4 MiB), the chunk. */
const MAX_SLICE_BYTES = 8 + 64 * Math.ceil(Math.log2(MAX_FRAGMENT_BYTES / 1024)) + 1024;

/** Shows one drawn chunk: the leaf it falls in, the leaf's path, the chunk with its path in the fragment's hash tree. */
export const proofItemSchema = struct({
  leafIndex: u32,
  leaf: leafSchema,
  leafPath: leafPathSchema,
  /** Bao slice of exactly one 1 KiB chunk (the Bao specification's slice format). */
  slice: varBytes(MAX_SLICE_BYTES),
});
export type ProofItem = TypeOf<typeof proofItemSchema>;

/** One item per draw, in the order of the draws. */
export const proofItemsSchema = list(proofItemSchema, 16);

/** What a proof is checked against: the snapshot taken at the challenge block. */
export interface ProofTarget {
  readonly root: Uint8Array;
  readonly leafCount: number;
  readonly chunks: readonly bigint[];
}

/** The first thing wrong with a storage proof. Pure and cheap: a few dozen compressions per draw. */
export function validateProofItems(
  crypto: CryptoPort,
  target: ProofTarget,
  items: readonly ProofItem[],
): Violation | undefined {
  if (items.length !== target.chunks.length) {
    return { rule: 'prove/item-count', items: items.length, expected: target.chunks.length };
  }
  for (const [index, item] of items.entries()) {
    const violation = validateItem(crypto, target, item, target.chunks[index] as bigint, index);
    if (violation !== undefined) return violation;
  }
  return undefined;
}

function validateItem(
  crypto: CryptoPort,
  target: ProofTarget,
  item: ProofItem,
  chunk: bigint,
  index: number,
): Violation | undefined {
  const inTree = verifyInclusion(crypto, {
    root: target.root,
    leafHash: leafHash(crypto, item.leaf),
    index: item.leafIndex,
    size: target.leafCount,
    path: item.leafPath,
  });
  if (!inTree) return { rule: 'prove/leaf', item: index, leafIndex: item.leafIndex, fragment: item.leaf.id };
  const start = leafStartChunk(item.leaf);
  if (chunk < start || chunk >= item.leaf.endChunk) {
    return { rule: 'prove/wrong-chunk', item: index, chunk, leafStart: start, leafEnd: item.leaf.endChunk };
  }
  const at = Number(chunk - start);
  const shown = verifyBaoSlice(hexToBytes(item.leaf.id), item.slice, at, item.leaf.lengthBytes);
  if (shown === undefined) {
    return {
      rule: 'prove/slice',
      item: index,
      fragment: item.leaf.id,
      chunk: at,
      chunksInFragment: blake3ChunkCount(item.leaf.lengthBytes),
    };
  }
  return undefined;
}
