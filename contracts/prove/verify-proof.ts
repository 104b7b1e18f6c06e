import {
  type BaoClaim,
  blake3ChunkCount,
  type CryptoPort,
  hexToBytes,
  multiProofSiblings,
  verifyBaoSetSlices,
  verifyMultiInclusion,
} from '#crypto';
import type { Violation } from '#errors';
import { leafHash } from '../terms/leaves.js';
import { isTombstone } from '../terms/tombstone.js';
import { answerDraws, type DrawPlan, validateAnswers } from './draws.js';
import type { ShownLeaf, StorageProof } from './storage-proof.js';

/** What a proof is checked against: the snapshot taken at the challenge block, and its draws. */
export interface ProofTarget extends DrawPlan {
  readonly root: Uint8Array;
  readonly leafCount: number;
}

/**
 * The first thing wrong with a storage proof, in this order: `prove/order`, `prove/siblings`, `prove/leaf`,
 * `prove/missing-leaf`, `prove/extra-leaf`, `prove/item-count`, `prove/slice`. Exactly one proof answers a challenge:
 * every other form is refused. Pure, bounded by the format, and all nodes of one kind are hashed together.
 */
export function validateStorageProof(
  crypto: CryptoPort,
  target: ProofTarget,
  proof: StorageProof,
): Violation | undefined {
  const inTree = validateLeaves(crypto, target, proof);
  if (inTree !== undefined) return inTree;
  const answers = answerDraws(proof.leaves, target);
  return validateAnswers(proof.leaves, answers) ?? validateSlices(crypto, proof, answers.chunks);
}

function validateLeaves(
  crypto: CryptoPort,
  { root, leafCount }: ProofTarget,
  { leaves, siblings }: StorageProof,
): Violation | undefined {
  // No leaf at all misses the first draw.
  if (leaves.length === 0) return undefined;
  for (const [at, { leafIndex }] of leaves.entries()) {
    const before = leaves[at - 1]?.leafIndex ?? -1;
    if (leafIndex <= before || leafIndex >= leafCount)
      return { rule: 'prove/order', leafIndex, before, leafCount };
  }
  const proven = leaves.map(({ leafIndex, leaf }) => ({ index: leafIndex, hash: leafHash(crypto, leaf) }));
  if (verifyMultiInclusion(crypto, { root, size: leafCount, leaves: proven, siblings })) return undefined;
  // Too many or too few never prove anything: counted only to say what is wrong.
  const indexes = leaves.map(({ leafIndex }) => leafIndex);
  const expected = multiProofSiblings(leafCount, indexes);
  return siblings.length === expected
    ? { rule: 'prove/leaf', leafIndexes: indexes.join(','), leafCount }
    : { rule: 'prove/siblings', siblings: siblings.length, expected };
}

function validateSlices(
  crypto: CryptoPort,
  { leaves, slices }: StorageProof,
  chunks: readonly (readonly number[])[],
): Violation | undefined {
  const live: ShownLeaf[] = [];
  const asked: (readonly number[])[] = [];
  for (const [place, shown] of leaves.entries()) {
    if (isTombstone(shown.leaf)) continue;
    live.push(shown);
    asked.push(chunks[place] as readonly number[]);
  }
  if (slices.length !== live.length)
    return { rule: 'prove/item-count', slices: slices.length, expected: live.length };
  const claims: BaoClaim[] = live.map(({ leaf }, item) => ({
    root: hexToBytes(leaf.id),
    lengthBytes: leaf.lengthBytes,
    chunks: asked[item] as readonly number[],
    slice: slices[item] as Uint8Array,
  }));
  const bad = verifyBaoSetSlices(crypto, claims);
  if (bad === undefined) return undefined;
  const { leaf, leafIndex } = live[bad.index] as ShownLeaf;
  return {
    rule: 'prove/slice',
    wrong: bad.fault,
    leafIndex,
    fragment: leaf.id,
    chunks: (asked[bad.index] as readonly number[]).join(','),
    chunksInFragment: blake3ChunkCount(leaf.lengthBytes),
  };
}
