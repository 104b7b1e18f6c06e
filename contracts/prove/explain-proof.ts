import { type BlockId, type ContractId, encode, type NetworkParams } from '#chain';
import {
  baoSetSliceBytes,
  type CryptoPort,
  hexToBytes,
  multiProofSiblings,
  verifyBaoSetSlice,
} from '#crypto';
import type { Violation } from '#errors';
import { isTombstone } from '../terms/tombstone.js';
import { challengePlan } from './challenge.js';
import { type AnsweredDraws, answerDraws } from './draws.js';
import { type ShownLeaf, type StorageProof, shownLeafSchema, storageProofSchema } from './storage-proof.js';
import { validateStorageProof } from './verify-proof.js';

/** What a reader needs to check a proof again: all of it is on the chain. */
export interface ExplainedChallenge {
  readonly contract: ContractId;
  readonly epoch: number;
  /** Id of the challenge block. */
  readonly blockId: BlockId;
  /** The snapshot taken at the challenge block. */
  readonly root: Uint8Array;
  readonly leafCount: number;
  readonly totalChunks: bigint;
}

/**
 * What became of a draw: shown and right; on a dropped fragment and so drawn again; in no leaf shown; in a leaf that is
 * not in the commitment; or in a slice that proves nothing.
 */
export type DrawVerdict = 'proven' | 'tombstone' | 'missing-leaf' | 'bad-leaf' | 'bad-slice';

/** One draw of the challenge. */
export interface ExplainedDraw {
  readonly draw: number;
  /** Counted over the contract. */
  readonly chunk: bigint;
  readonly leafIndex: number | undefined;
  readonly fragment: string | undefined;
  readonly chunkInFragment: number | undefined;
  readonly verdict: DrawVerdict;
}

/** One leaf a proof shows. */
export interface ExplainedLeaf {
  readonly leafIndex: number;
  readonly fragment: string;
  readonly lengthBytes: number;
  readonly isTombstone: boolean;
  /** Drawn chunks, counted over the fragment, ascending. */
  readonly chunks: readonly number[];
  /** Size of its slice; 0 where there is none. */
  readonly sliceBytes: number;
}

/** Where the bytes of a proof are. */
export interface ProofSizes {
  readonly leavesBytes: number;
  readonly siblingsBytes: number;
  readonly slicesBytes: number;
  /** All of it, encoded. */
  readonly proofBytes: number;
  /** What the same draws would take with a leaf, a path and a slice for each. */
  readonly unsharedBytes: number;
}

/** A proof as a reader can follow it. */
export interface ProofExplanation {
  readonly draws: readonly ExplainedDraw[];
  readonly leaves: readonly ExplainedLeaf[];
  readonly sizes: ProofSizes;
  /** What the rule `prove` says of the proof itself; undefined where it is right. */
  readonly violation: Violation | undefined;
}

/** Checks a storage proof again and tells draw by draw what it shows. Pure; takes any proof, a wrong one too. */
export function explainProof(
  crypto: CryptoPort,
  params: NetworkParams,
  challenge: ExplainedChallenge,
  proof: StorageProof,
): ProofExplanation {
  const plan = challengePlan(crypto, params, challenge);
  const violation = validateStorageProof(crypto, { ...challenge, ...plan }, proof);
  const answers = answerDraws(proof.leaves, challengePlan(crypto, params, challenge));
  const slices = sliceOfEach(proof);
  const verdicts = proof.leaves.map((shown, place) =>
    leafVerdict(crypto, violation, shown, answers.chunks[place] as readonly number[], slices[place]),
  );
  const draws: ExplainedDraw[] = answers.answered.map(({ place, ...draw }) => {
    const { leafIndex, leaf } = proof.leaves[place] as ShownLeaf;
    return { ...draw, leafIndex, fragment: leaf.id, verdict: verdicts[place] as DrawVerdict };
  });
  if (answers.missing !== undefined) {
    const nowhere = { leafIndex: undefined, fragment: undefined, chunkInFragment: undefined };
    draws.push({ ...answers.missing, ...nowhere, verdict: 'missing-leaf' });
  }
  const leaves = proof.leaves.map(({ leafIndex, leaf }, place) => ({
    leafIndex,
    fragment: leaf.id,
    lengthBytes: leaf.lengthBytes,
    isTombstone: isTombstone(leaf),
    chunks: answers.chunks[place] as readonly number[],
    sliceBytes: slices[place]?.length ?? 0,
  }));
  return { draws, leaves, sizes: proofSizes(challenge.leafCount, proof, answers), violation };
}

/** The slice of each leaf shown, by place: none under a tombstone, none where the proof has too few. */
function sliceOfEach({ leaves, slices }: StorageProof): (Uint8Array | undefined)[] {
  let next = 0;
  return leaves.map(({ leaf }) => (isTombstone(leaf) ? undefined : slices[next++]));
}

function leafVerdict(
  crypto: CryptoPort,
  violation: Violation | undefined,
  { leaf }: ShownLeaf,
  chunks: readonly number[],
  slice: Uint8Array | undefined,
): DrawVerdict {
  if (['prove/order', 'prove/siblings', 'prove/leaf'].includes(violation?.rule ?? '')) return 'bad-leaf';
  if (isTombstone(leaf)) return 'tombstone';
  if (slice === undefined) return 'bad-slice';
  const claim = { root: hexToBytes(leaf.id), lengthBytes: leaf.lengthBytes, chunks, slice };
  return verifyBaoSetSlice(crypto, claim) === undefined ? 'proven' : 'bad-slice';
}

/** How large a proof is, and how large it would be without sharing. */
export function proofSizes(leafCount: number, proof: StorageProof, answers: AnsweredDraws): ProofSizes {
  const proofBytes = encode(storageProofSchema, proof).length;
  const slicesBytes = proof.slices.reduce((sum, slice) => sum + 4 + slice.length, 4);
  const siblingsBytes = 4 + 32 * proof.siblings.length;
  const leavesBytes = proofBytes - slicesBytes - siblingsBytes;
  const unsharedBytes = answers.answered.reduce((sum, { place, chunkInFragment }) => {
    const shown = proof.leaves[place] as ShownLeaf;
    const path = shown.leafIndex < leafCount ? multiProofSiblings(leafCount, [shown.leafIndex]) : 0;
    const slice =
      chunkInFragment === undefined ? 0 : baoSetSliceBytes(shown.leaf.lengthBytes, [chunkInFragment]);
    return sum + encode(shownLeafSchema, shown).length + 4 + 32 * path + 4 + slice;
  }, 4);
  return { leavesBytes, siblingsBytes, slicesBytes, proofBytes, unsharedBytes };
}
