import { blake3ChunkCount } from '#crypto';
import type { Violation } from '#errors';
import { leafStartChunk } from '../terms/leaves.js';
import { isTombstone } from '../terms/tombstone.js';
import { MAX_DRAWS, type ShownLeaf } from './storage-proof.js';

/** What is asked for: draws one after the other until so many fell on live chunks, or there are no more. */
export interface DrawPlan {
  /** Chunks counted over the whole contract; at most 32 are looked at, the rest is never computed. */
  readonly draws: Iterable<bigint>;
  /** Draws on live chunks that end it; a chunk drawn twice counts twice. */
  readonly wanted: number;
}

/** Where one draw fell. */
export interface AnsweredDraw {
  readonly draw: number;
  /** Counted over the whole contract. */
  readonly chunk: bigint;
  /** Place among the leaves shown. */
  readonly place: number;
  /** Counted over the fragment; undefined on a tombstone, whose draw is made again. */
  readonly chunkInFragment: number | undefined;
}

/** What all draws ask of the leaves shown. */
export interface AnsweredDraws {
  readonly answered: readonly AnsweredDraw[];
  /** For each leaf shown, its drawn chunks in ascending order, none twice; empty under a tombstone. */
  readonly chunks: readonly (readonly number[])[];
  /** The first draw that none of the leaves holds. */
  readonly missing: { readonly draw: number; readonly chunk: bigint } | undefined;
  /** Leaves shown that no draw fell on, by place. */
  readonly extra: readonly number[];
}

/**
 * Makes the draws and finds each among the leaves shown. Which draws are made depends on where they fall, and that only
 * the leaves tell: so draws and leaves are read together, and leaves must be those of the commitment for it to count.
 */
export function answerDraws(leaves: readonly ShownLeaf[], plan: DrawPlan): AnsweredDraws {
  const answered: AnsweredDraw[] = [];
  const drawn = leaves.map(() => new Set<number>());
  const hit = new Set<number>();
  let missing: AnsweredDraws['missing'];
  let live = 0;
  for (const chunk of plan.draws) {
    const draw = answered.length;
    const place = leaves.findIndex(({ leaf }) => chunk < leaf.endChunk && chunk >= leafStartChunk(leaf));
    const shown = leaves[place];
    if (shown === undefined) {
      missing = { draw, chunk };
      break;
    }
    hit.add(place);
    const isDropped = isTombstone(shown.leaf);
    const chunkInFragment = isDropped ? undefined : Number(chunk - leafStartChunk(shown.leaf));
    answered.push({ draw, chunk, place, chunkInFragment });
    if (chunkInFragment !== undefined) {
      drawn[place]?.add(chunkInFragment);
      live++;
    }
    if (live >= plan.wanted || answered.length >= MAX_DRAWS) break;
  }
  return {
    answered,
    chunks: drawn.map((set) => [...set].sort((a, b) => a - b)),
    missing,
    extra: leaves.map((_, place) => place).filter((place) => !hit.has(place)),
  };
}

/** The violation of draws that were not answered by exactly these leaves: `prove/missing-leaf`, `prove/extra-leaf`. */
export function validateAnswers(
  leaves: readonly ShownLeaf[],
  { missing, extra }: AnsweredDraws,
): Violation | undefined {
  if (missing !== undefined) return { rule: 'prove/missing-leaf', ...missing };
  const shown = leaves[extra[0] ?? -1];
  if (shown === undefined) return undefined;
  const { leafIndex, leaf } = shown;
  return {
    rule: 'prove/extra-leaf',
    leafIndex,
    fragment: leaf.id,
    firstChunk: leafStartChunk(leaf),
    chunks: blake3ChunkCount(leaf.lengthBytes),
  };
}
