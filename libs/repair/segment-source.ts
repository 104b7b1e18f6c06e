import { setTimeout as delay } from 'node:timers/promises';
import type { FragmentId } from '#chain';
import type { HolderSessions } from '#client';
import { bytesToHex } from '#crypto';
import { AppError } from '#errors';
import type { ContractView, RepairSegment } from '#wire';
import type { ByteLimit } from './byte-limit.js';
import { lostFragmentOf } from './lost-fragment.js';

/** After this long without enough fragments one more holder is asked. */
const HEDGE_MS = 1_000;

export interface SegmentSourceOptions {
  readonly sessions: HolderSessions;
  readonly limit: ByteLimit;
  readonly onLostFragment: (view: ContractView, fragment: string) => void;
  readonly onUnreadable: (view: ContractView) => void;
}

/** Fetches fragments of a segment from holders that live, any k of them, each checked against its id. */
export class SegmentSource {
  /** Bytes that came, of fragments used or not. */
  bytesRead = 0;

  constructor(private readonly options: SegmentSourceOptions) {}

  /**
   * n places with k fragments filled in; `holders`: who keeps each one now, undefined where nobody can be asked.
   * @throws AppError `repair/too-few-fragments`
   */
  async fetchAny(
    segment: RepairSegment,
    k: number,
    holders: readonly (ContractView | undefined)[],
    signal: AbortSignal,
  ): Promise<(Uint8Array | undefined)[]> {
    const found: (Uint8Array | undefined)[] = new Array(segment.fragmentIds.length).fill(undefined);
    const order = holders.flatMap((view, index) => (view === undefined ? [] : [{ view, index }]));
    const failures: string[] = [];
    const stop = new AbortController();
    const both = AbortSignal.any([signal, stop.signal]);
    const running = new Set<Promise<void>>();
    let have = 0;
    const ask = ({ view, index }: { view: ContractView; index: number }): void => {
      const task = this.fetchOne(segment, index, view, both).then(
        (bytes) => {
          found[index] = bytes;
          have += 1;
        },
        (error: unknown) => {
          if (!(error instanceof AppError) && !both.aborted) throw error;
          failures.push(error instanceof Error ? error.message : String(error));
        },
      );
      const tracked = task.finally(() => running.delete(tracked));
      running.add(tracked);
    };
    const askMore = (): void => {
      while (running.size + have < k && order.length > 0) ask(order.shift() as (typeof order)[number]);
    };
    try {
      while (have < k) {
        signal.throwIfAborted();
        askMore();
        if (running.size === 0) throw tooFew(k, have, failures);
        await this.oneOrSlow(running, () => {
          const next = order.shift();
          if (next !== undefined) ask(next);
        });
      }
      // A fragment too many was hedged for: the code takes the first k.
      return found;
    } finally {
      stop.abort();
      await Promise.allSettled(running);
    }
  }

  /** One fragment from its holder. */
  async fetchOne(
    segment: RepairSegment,
    index: number,
    view: ContractView,
    signal: AbortSignal,
  ): Promise<Uint8Array> {
    const id = bytesToHex(segment.fragmentIds[index] as Uint8Array) as FragmentId;
    await this.options.limit.take(segment.fragmentLength, signal);
    try {
      const session = await this.options.sessions.with(view);
      const bytes = await session.getFragment(id, segment.fragmentLength, signal);
      this.bytesRead += bytes.length;
      return bytes;
    } catch (error) {
      if (!signal.aborted && error instanceof AppError) {
        const isLost = error.code === 'provider/wrong-bytes' || lostFragmentOf(error) !== undefined;
        if (isLost) this.options.onLostFragment(view, id);
        else this.options.onUnreadable(view);
        this.options.sessions.forget(view);
      }
      throw error;
    }
  }

  private async oneOrSlow(running: ReadonlySet<Promise<void>>, onSlow: () => void): Promise<void> {
    const hedge = new AbortController();
    const slow = delay(HEDGE_MS, true, { signal: hedge.signal }).catch(() => false);
    const isSlow = await Promise.race([Promise.race(running).then(() => false), slow]).finally(() =>
      hedge.abort(),
    );
    if (isSlow) onSlow();
  }
}

function tooFew(needed: number, found: number, failures: readonly string[]): AppError {
  const reasons = [...new Set(failures)].slice(0, 3).join(' ');
  return new AppError({
    code: 'repair/too-few-fragments',
    message: `A segment needs ${needed} fragments and only ${found} could be had. ${reasons}`.trim(),
    next: 'It is tried again when a provider comes back.',
    data: { needed, found },
  });
}
