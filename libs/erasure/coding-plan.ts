import { interpolationRows } from './galois-field.js';

/** One pass over rows: z0 (and z1) from x and y; `factor` is the multiplier w of assembly/erasure.ts. */
export interface CodingStep {
  readonly kind: 'forward' | 'inverse' | 'scaledSum' | 'sum';
  readonly z0: number;
  readonly z1: number;
  readonly x: number;
  readonly y: number;
  readonly factor: number;
}

/**
 * How output rows come out of input rows: by a matrix, or by steps over rows numbered inputs, outputs, scratch rows,
 * of which the first stays zero.
 */
export type CodingPlan = {
  readonly inputCount: number;
  readonly outputCount: number;
} & (
  | { readonly kind: 'matrix'; readonly rows: readonly Uint8Array[] }
  | { readonly kind: 'steps'; readonly steps: readonly CodingStep[]; readonly scratchRows: number }
);

/** The plan that works for every pattern: the wanted shards as sums of the present ones. */
export function planByMatrix(present: readonly number[], wanted: readonly number[]): CodingPlan {
  return {
    kind: 'matrix',
    inputCount: present.length,
    outputCount: wanted.length,
    rows: interpolationRows(present, wanted),
  };
}
