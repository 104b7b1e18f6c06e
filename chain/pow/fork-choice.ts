/** Weight of a branch: its accumulated work and the work of its last block. */
export interface BranchWeight {
  readonly totalWork: bigint;
  readonly tipWork: bigint;
}

/**
 * Whether a node leaves its branch for another: only if that is heavier by more than a fifth of the own tip block's
 * work. With a difficulty per block, a backdated sibling weighs a little more than an honest one and would otherwise
 * win for free.
 */
export function shouldReorganize(current: BranchWeight, candidate: BranchWeight): boolean {
  return (candidate.totalWork - current.totalWork) * 5n > current.tipWork;
}
