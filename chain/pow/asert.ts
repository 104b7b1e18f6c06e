import { assertInvariant } from '#errors';
import { bitsToTarget, targetToBits } from './target.js';

/** What aserti3-2d needs; times in seconds. */
export interface AsertInput {
  readonly anchorBits: number;
  /** Height of the anchor block. */
  readonly anchorHeight: number;
  /** Time of the anchor's PARENT. */
  readonly anchorParentTimeSeconds: number;
  /** Height and time of the block before the one that gets the new target. */
  readonly height: number;
  readonly timeSeconds: number;
  readonly blockSeconds: number;
  readonly halfLifeSeconds: number;
  readonly limitBits: number;
}

/**
 * Next compact target by aserti3-2d (Bitcoin Cash CHIP, "ASERT difficulty algorithm"): exponential in the time by
 * which the chain is early or late, cubic approximation of 2^x, integers only. Division truncates towards zero:
 * flooring fails the published vectors.
 */
export function nextAsertBits(input: AsertInput): number {
  const anchor = bitsToTarget(input.anchorBits);
  const limit = bitsToTarget(input.limitBits);
  assertInvariant(anchor.ok && limit.ok, 'ASERT needs a valid anchor and limit');
  const timeDelta = BigInt(input.timeSeconds - input.anchorParentTimeSeconds);
  const heightDelta = BigInt(input.height - input.anchorHeight);
  const ideal = BigInt(input.blockSeconds) * (heightDelta + 1n);
  const exponent = ((timeDelta - ideal) * 65_536n) / BigInt(input.halfLifeSeconds);
  const shifts = exponent >> 16n;
  const fraction = exponent - (shifts << 16n);
  const factor =
    65_536n +
    ((195_766_423_245_049n * fraction +
      971_821_376n * fraction ** 2n +
      5_127n * fraction ** 3n +
      (1n << 47n)) >>
      48n);
  let target = anchor.value * factor;
  const net = shifts - 16n;
  target = net <= 0n ? target >> -net : target << net;
  if (target === 0n) return targetToBits(1n);
  return target > limit.value ? input.limitBits : targetToBits(target);
}
