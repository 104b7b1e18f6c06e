/** The target of difficulty 1 as pools and miners count it ("pdiff"): 0xffff followed by 208 zero bits. */
export const DIFFICULTY_ONE_TARGET = 0xffffn << 208n;

/** Bounds of the difficulty of a share. Below, 2^32 times the difficulty would be no whole number of hashes. */
export const MIN_DIFFICULTY = 2 ** -31;
export const MAX_DIFFICULTY = 2 ** 80;

const MAX_TARGET = (1n << 256n) - 1n;

/**
 * The greatest power of two that is at most a difficulty, within the bounds. Shares have no other difficulties: a power
 * of two becomes the same target in every miner's floating-point arithmetic, so that none finds shares we call too easy.
 */
export function floorDifficulty(difficulty: number): number {
  if (!(difficulty > MIN_DIFFICULTY)) return MIN_DIFFICULTY;
  if (difficulty >= MAX_DIFFICULTY) return MAX_DIFFICULTY;
  const power = 2 ** Math.floor(Math.log2(difficulty));
  // The logarithm of a number just below a power may round up to it.
  return power > difficulty ? power / 2 : power;
}

/** The target of a difficulty that is a power of two; exact. */
export function difficultyToTarget(difficulty: number): bigint {
  const exponent = Math.log2(difficulty);
  if (exponent >= 0) return DIFFICULTY_ONE_TARGET >> BigInt(exponent);
  const target = DIFFICULTY_ONE_TARGET << BigInt(-exponent);
  return target > MAX_TARGET ? MAX_TARGET : target;
}

/** The difficulty of a target, rounded as a double is. */
export function targetToDifficulty(target: bigint): number {
  const scaled = (DIFFICULTY_ONE_TARGET << 64n) / (target + (target === 0n ? 1n : 0n));
  return Number(scaled) / 2 ** 64;
}

/** How many hashes a share of a difficulty (a power of two) stands for: 2^32 times the difficulty. */
export function difficultyToHashes(difficulty: number): bigint {
  return 1n << BigInt(32 + Math.log2(difficulty));
}
