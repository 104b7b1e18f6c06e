import { floorDifficulty } from '#mining-work';

/** Between which difficulties shares may be asked for; read anew at each step, as the network's moves. */
export interface DifficultyRange {
  readonly min: number;
  readonly max: number;
}

export interface VariableDifficultyOptions {
  /** Where to begin; made a power of two within the range. */
  readonly start: number;
  readonly sharesPerMinute: number;
  readonly range: () => DifficultyRange;
  readonly nowMs: number;
  /** How long shares are counted before the difficulty moves. Default 60,000. */
  readonly windowMs?: number;
}

/** Finds the difficulty at which a connection sends about so many shares a minute. */
export interface VariableDifficulty {
  readonly current: number;
  /** After an accepted share: the new difficulty if it moves. */
  shareAccepted(nowMs: number): number | undefined;
  /** Now and then: the new difficulty if it moves, down where shares stay away. */
  tick(nowMs: number): number | undefined;
  /** The miner asks for one. */
  suggest(difficulty: number, nowMs: number): number | undefined;
}

/** So many shares within a fraction of the window are reason enough to move at once: a big machine at a small difficulty. */
const ENOUGH_SHARES = 16;

/** How far, in powers of two, the rate must be off before the difficulty moves: chance alone seldom is. */
const TOLERANCE = 0.75;

/** Longest step up, in powers of two. */
const MAX_STEP_UP = 10;

/** Longest step down: a window without shares says little about how slow a machine is. */
const MAX_STEP_DOWN = 3;

export function createVariableDifficulty(options: VariableDifficultyOptions): VariableDifficulty {
  const { sharesPerMinute, range, windowMs = 60_000 } = options;
  const bounded = (difficulty: number): number => {
    const { min, max } = range();
    return floorDifficulty(Math.max(min, Math.min(max, difficulty)));
  };
  let current = bounded(options.start);
  let shares = 0;
  let sinceMs = options.nowMs;

  const move = (to: number, nowMs: number): number | undefined => {
    const next = bounded(to);
    shares = 0;
    sinceMs = nowMs;
    if (next === current) return undefined;
    current = next;
    return next;
  };
  const retarget = (nowMs: number): number | undefined => {
    const minutes = Math.max(nowMs - sinceMs, 1) / 60_000;
    const off = Math.log2(Math.max(shares, 0.125) / (minutes * sharesPerMinute));
    if (Math.abs(off) < TOLERANCE) return move(current, nowMs);
    const step = Math.max(-MAX_STEP_DOWN, Math.min(MAX_STEP_UP, Math.round(off)));
    return move(current * 2 ** step, nowMs);
  };
  return {
    get current() {
      return current;
    },
    shareAccepted(nowMs) {
      shares += 1;
      const elapsedMs = nowMs - sinceMs;
      const isMany =
        shares >= ENOUGH_SHARES && (shares * 60_000) / Math.max(elapsedMs, 1) > 4 * sharesPerMinute;
      return elapsedMs >= windowMs || isMany ? retarget(nowMs) : undefined;
    },
    tick: (nowMs) => (nowMs - sinceMs >= windowMs || current > range().max ? retarget(nowMs) : undefined),
    suggest: (difficulty, nowMs) => move(difficulty, nowMs),
  };
}
