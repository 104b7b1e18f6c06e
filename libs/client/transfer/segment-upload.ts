import { setTimeout as delay } from 'node:timers/promises';
import type { FragmentId } from '#chain';
import { releaseMemory } from '#erasure';
import { AppError } from '#errors';
import type { HolderSlots } from './holder-slots.js';
import type { MemoryGate } from './memory-gate.js';
import type { PlacementBook } from './placement-book.js';
import { tooFewProviders } from './upload-plan.js';
import type { UploadSlot } from './upload-slot.js';

/** A transfer is slow when it takes so many times as long as it took half of all fragments to arrive… */
const SLOW_FACTOR = 4;
/** …and longer than this. */
const SLOW_LEAST_MS = 1_500;
/** Where too few took a segment, everybody is asked once more after this. */
const SECOND_CHANCE_MS = 1_000;

/** What sending a segment needs. */
export interface SegmentUploadContext {
  readonly slots: HolderSlots;
  readonly book: PlacementBook;
  /** Each fragment's memory is given back as soon as nobody needs it. */
  readonly memory: MemoryGate;
  /** A fragment arrived after its segment had its quorum. */
  readonly onLatePlaced?: (segment: number, fragment: number) => void;
}

/** A segment on its way. */
export interface SendingSegment {
  /** Enough holders have signed for it. Rejects where they are too few. */
  readonly quorum: Promise<void>;
  /** Nothing of it is under way any more. Never rejects. */
  readonly over: Promise<void>;
}

/**
 * Sends the fragments of one segment to all positions at once. It is stored when enough have signed; the others get a
 * bounded time longer, measured by how long the quicker half took, then a spare gets their fragment, then they are cut
 * off: what is missing then is filled later. Consumes the fragments.
 */
export function sendSegment(
  context: SegmentUploadContext,
  segment: number,
  fragments: readonly Uint8Array[],
  signal: AbortSignal,
): SendingSegment {
  return new SegmentUpload(context, segment, fragments, signal).start();
}

class SegmentUpload {
  private readonly ids: readonly FragmentId[];
  /** Transfers that run now; aborting one says that it is too slow. */
  private readonly running = new Set<AbortController>();
  /** Milliseconds of a clock that never jumps. */
  private readonly startedAt = performance.now();
  private readonly timers = new Set<NodeJS.Timeout>();
  private readonly released = new Set<number>();
  /** Fragments that arrived. */
  private placed = 0;
  private slowAfterMs = Number.POSITIVE_INFINITY;
  private isEnough = false;
  /** No transfer is begun any more. */
  private isOver = false;
  private markEnough: () => void = () => undefined;

  constructor(
    private readonly context: SegmentUploadContext,
    private readonly segment: number,
    private readonly fragments: readonly Uint8Array[],
    private readonly signal: AbortSignal,
  ) {
    this.ids = context.book.fragmentIdsOf(segment);
  }

  start(): SendingSegment {
    const enough = new Promise<void>((resolve) => {
      this.markEnough = resolve;
    });
    const all = this.sendAll();
    const quorum = Promise.race([enough, all]);
    quorum.catch(() => undefined);
    const over = all.then(
      () => undefined,
      () => undefined,
    );
    return { quorum, over };
  }

  private async sendAll(): Promise<void> {
    try {
      // Enough positions must take part, also where some of them failed lately.
      const evenPaused = !this.context.slots.isEnoughFor(this.segment);
      await this.sendMissing(evenPaused);
      if (!this.isEnough) {
        await delay(SECOND_CHANCE_MS, undefined, { signal: this.signal });
        await this.sendMissing(true);
      }
      if (this.isEnough) return;
      const { book, slots } = this.context;
      throw tooFewProviders(book.profile, book.quorum, this.placed, slots.reasons);
    } finally {
      for (const timer of this.timers) clearTimeout(timer);
      for (const index of this.fragments.keys()) this.release(index);
    }
  }

  private async sendMissing(evenPaused: boolean): Promise<void> {
    const holders = this.context.book.holdersOf(this.segment);
    const settled = await Promise.allSettled(
      this.fragments.map(async (_bytes, position) => {
        if (holders[position] !== undefined) return;
        await this.sendOne(position, evenPaused);
        // Another try is made only where there are too few: what arrived, or will not be tried again, is done with.
        if (this.isEnough || this.context.book.holdersOf(this.segment)[position] !== undefined)
          this.release(position);
      }),
    );
    this.signal.throwIfAborted();
    for (const result of settled) if (result.status === 'rejected') throw result.reason;
  }

  private async sendOne(position: number, evenPaused: boolean): Promise<void> {
    const { slots, book } = this.context;
    const bytes = this.fragments[position] as Uint8Array;
    const id = this.ids[position] as FragmentId;
    const lengthBytes = bytes.length;
    const tried = new Set<UploadSlot>();
    while (!this.isOver) {
      const slow = new AbortController();
      this.running.add(slow);
      const asked = slots.slotFor(position, { segment: this.segment, lengthBytes, evenPaused });
      const slot = await orAborted(asked, slow.signal);
      // Who failed a moment ago is asked again later, if at all.
      const isUsable = slot !== undefined && !tried.has(slot);
      if (!isUsable || !book.canPlace(this.segment, position, slot.contract)) {
        this.running.delete(slow);
        // Whoever was waited for in vain may yet come: its room is not needed.
        asked.then(
          (late) => late?.giveBack(lengthBytes),
          () => undefined,
        );
        return;
      }
      tried.add(slot);
      try {
        await slot.put(id, bytes, AbortSignal.any([this.signal, slow.signal]));
        this.noteArrived(position, slot.contract);
        return;
      } catch (error) {
        slot.giveBack(lengthBytes);
        this.signal.throwIfAborted();
        if (slow.signal.aborted) await slots.tooSlow(position, slot, this.segment);
        else if (error instanceof AppError) await slots.failed(position, slot, error, this.segment);
        else throw error;
      } finally {
        this.running.delete(slow);
      }
    }
  }

  private noteArrived(position: number, contract: Parameters<PlacementBook['place']>[2]): void {
    const { book, onLatePlaced } = this.context;
    // Whoever shares its failure domain may have been quicker: both were on their way when it was asked before.
    if (!book.canPlace(this.segment, position, contract)) return;
    book.place(this.segment, position, contract);
    this.placed += 1;
    if (this.isEnough) onLatePlaced?.(this.segment, position);
    if (this.placed === Math.ceil(this.fragments.length / 2)) {
      this.slowAfterMs = Math.max(SLOW_LEAST_MS, SLOW_FACTOR * (performance.now() - this.startedAt));
      this.after(this.startedAt + this.slowAfterMs - performance.now(), () => this.passSlowOnesOver());
    }
    if (this.placed === book.quorum) {
      this.isEnough = true;
      this.markEnough();
      const left = this.startedAt + this.slowAfterMs - performance.now();
      if (left <= 0) this.passSlowOnesOver();
      this.after(Math.max(0, left) + this.slowAfterMs, () => this.cutOff());
    }
  }

  /** As many as there are spares for; all of them where the segment is stored without them. */
  private passSlowOnesOver(): void {
    const count = this.isEnough ? this.running.size : this.context.slots.spareCount;
    for (const slow of [...this.running].slice(0, count)) slow.abort();
  }

  private cutOff(): void {
    this.isOver = true;
    for (const slow of this.running) slow.abort();
  }

  private after(ms: number, act: () => void): void {
    const timer = setTimeout(() => {
      this.timers.delete(timer);
      act();
    }, ms);
    this.timers.add(timer);
  }

  private release(position: number): void {
    const bytes = this.fragments[position] as Uint8Array;
    if (this.released.has(position)) return;
    this.released.add(position);
    const { length } = bytes;
    releaseMemory(bytes);
    this.context.memory.release(length);
  }
}

/** The answer, or undefined where the signal ends first. */
function orAborted<T>(answer: Promise<T>, signal: AbortSignal): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    const stop = (): void => resolve(undefined);
    signal.addEventListener('abort', stop, { once: true });
    answer.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop));
  });
}
