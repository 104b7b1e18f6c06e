import { type CryptoPort, multiInclusionProof } from '#crypto';
import { assertInvariant } from '#errors';
import { findLeaf, type Leaf, leafHash } from '../terms/leaves.js';
import { isTombstone } from '../terms/tombstone.js';
import { answerDraws, type DrawPlan } from './draws.js';
import { MAX_DRAWS, type ShownLeaf, type StorageProof } from './storage-proof.js';

/** One slice to cut: these chunks (ascending, none twice) of the fragment at `leafIndex`. */
export interface WantedSlice extends ShownLeaf {
  readonly chunks: readonly number[];
}

/** What a proof will show. */
export interface ProofPlan {
  readonly leaves: readonly ShownLeaf[];
  readonly slices: readonly WantedSlice[];
}

/** What the prover must read: the counterpart of `validateStorageProof`. Draws must be below the list's chunks. */
export function planStorageProof(leaves: readonly Leaf[], plan: DrawPlan): ProofPlan {
  const indexes = new Set<number>();
  const draws: bigint[] = [];
  let live = 0;
  for (const chunk of plan.draws) {
    const index = findLeaf(leaves, chunk);
    const leaf = leaves[index];
    assertInvariant(
      leaf !== undefined && chunk >= 0n && chunk < leaf.endChunk,
      `chunk ${chunk} is in none of ${leaves.length} leaves`,
    );
    indexes.add(index);
    draws.push(chunk);
    if (!isTombstone(leaf)) live++;
    if (live >= plan.wanted || draws.length >= MAX_DRAWS) break;
  }
  const shown = [...indexes]
    .sort((a, b) => a - b)
    .map((leafIndex) => ({ leafIndex, leaf: leaves[leafIndex] as Leaf }));
  const { chunks } = answerDraws(shown, { draws, wanted: plan.wanted });
  const slices = shown
    .map((leaf, place) => ({ ...leaf, chunks: chunks[place] as readonly number[] }))
    .filter(({ leaf }) => !isTombstone(leaf));
  return { leaves: shown, slices };
}

/** Joins the slices of a plan, in its order, with the nodes that prove its leaves. */
export function assembleStorageProof(
  crypto: CryptoPort,
  leaves: readonly Leaf[],
  plan: ProofPlan,
  slices: readonly Uint8Array[],
): StorageProof {
  assertInvariant(
    slices.length === plan.slices.length,
    `a proof of ${plan.slices.length} fragments got ${slices.length} slices`,
  );
  const siblings = multiInclusionProof(
    crypto,
    leaves.map((leaf) => leafHash(crypto, leaf)),
    plan.leaves.map(({ leafIndex }) => leafIndex),
  );
  return { leaves: plan.leaves, siblings, slices };
}

/** The whole proof where the slices are at hand at once. */
export function buildStorageProof(
  crypto: CryptoPort,
  leaves: readonly Leaf[],
  draws: DrawPlan,
  slice: (wanted: WantedSlice) => Uint8Array,
): StorageProof {
  const plan = planStorageProof(leaves, draws);
  return assembleStorageProof(crypto, leaves, plan, plan.slices.map(slice));
}
