import { AppError } from '#errors';
import type { FragmentPace } from './fragment-pace.js';

/** A late one for which no rival was to be had is looked at again. */
const RECHECK_MS = 50;

/** A race for some of many fragments. */
export interface FragmentRace {
  /** How many are enough. */
  readonly needed: number;
  /** The next fragment to ask for, best first; undefined where none is left. */
  readonly next: () => Promise<number | undefined>;
  /** Fetches one; rejects with an AppError where its holder cannot or will not give it. */
  readonly fetch: (index: number, signal: AbortSignal) => Promise<Uint8Array>;
  /** Called for each that came before it was late. */
  readonly onInTime: (index: number) => void;
  /** Called once for each whose holder was overtaken: another was asked later and has answered. */
  readonly onOvertaken: (index: number) => void;
  /** Whether the holder of one that is under way was slow elsewhere. */
  readonly isSuspect: (index: number) => boolean;
  readonly pace: FragmentPace;
  readonly signal?: AbortSignal | undefined;
}

/** Fragments by index, or why there are too few. */
export type RaceOutcome =
  | { readonly ok: true; readonly found: ReadonlyMap<number, Uint8Array> }
  | { readonly ok: false; readonly found: number; readonly failures: readonly string[] };

/**
 * Asks for as many fragments as are needed. One that fails is replaced at once, one that is late gets a rival; as soon
 * as there are enough, the rest are cancelled.
 */
export async function raceFragments(race: FragmentRace): Promise<RaceOutcome> {
  const { needed, pace, signal } = race;
  const found = new Map<number, Uint8Array>();
  const failures: string[] = [];
  const runningSinceMs = new Map<number, number>();
  const late = new Set<number>();
  const overtaken = new Set<number>();
  const stop = new AbortController();
  const both = signal === undefined ? stop.signal : AbortSignal.any([signal, stop.signal]);
  const faults: unknown[] = [];
  const isOver = (): boolean => faults.length > 0 || signal?.aborted === true;
  let wake: () => void = () => undefined;
  const settled = (index: number): void => {
    runningSinceMs.delete(index);
    late.delete(index);
    wake();
  };
  const ask = (index: number): void => {
    const startedMs = performance.now();
    runningSinceMs.set(index, startedMs);
    race.fetch(index, both).then(
      (bytes) => {
        pace.note(performance.now() - startedMs);
        found.set(index, bytes);
        if (!late.has(index)) race.onInTime(index);
        settled(index);
        for (const other of late) {
          if (overtaken.has(other) || (runningSinceMs.get(other) ?? startedMs) >= startedMs) continue;
          overtaken.add(other);
          race.onOvertaken(other);
        }
      },
      (error: unknown) => {
        if (error instanceof AppError) failures.push(error.message);
        else if (!both.aborted) faults.push(error);
        settled(index);
      },
    );
  };
  try {
    for (;;) {
      signal?.throwIfAborted();
      if (faults.length > 0) throw faults[0];
      if (found.size >= needed) return { ok: true, found };
      const dueMs = markLate(runningSinceMs, late, race);
      while (!isOver() && runningSinceMs.size - late.size + found.size < needed) {
        const index = await race.next();
        if (index === undefined) break;
        ask(index);
      }
      if (found.size >= needed || isOver()) continue;
      if (runningSinceMs.size === 0) return { ok: false, found: found.size, failures };
      await sleep(dueMs, (awaken) => {
        wake = awaken;
      });
    }
  } finally {
    stop.abort();
  }
}

/** Marks what has become late and gets a rival; answers in how many milliseconds to look again. */
function markLate(
  runningSinceMs: ReadonlyMap<number, number>,
  late: Set<number>,
  { pace, isSuspect }: FragmentRace,
): number {
  const nowMs = performance.now();
  const lateAfterMs = pace.lateAfterMs();
  let dueMs = lateAfterMs;
  for (const [index, sinceMs] of runningSinceMs) {
    if (late.has(index)) continue;
    const elapsedMs = nowMs - sinceMs;
    if (pace.takeRival(elapsedMs, isSuspect(index))) late.add(index);
    else dueMs = Math.min(dueMs, Math.max(lateAfterMs - elapsedMs, RECHECK_MS));
  }
  return dueMs;
}

/** Resolves when `wake` is called, or after a while; then what has arrived meanwhile has been seen. */
function sleep(ms: number, onWake: (wake: () => void) => void): Promise<void> {
  return new Promise((resolve) => {
    // A timer is served before the sockets: an answer that waits in one of them is not late.
    const timer = setTimeout(() => setImmediate(resolve), ms);
    onWake(() => {
      clearTimeout(timer);
      resolve();
    });
  });
}
