import type { ContractId } from '#chain';
import { releaseMemory } from '#erasure';
import { AppError } from '#errors';
import type { ClientContext } from '../../context.js';
import type { HolderSlots } from '../holder-slots.js';
import type { MissingFragments, PlacementBook } from '../placement-book.js';
import type { UploadSlot } from '../upload-slot.js';

/** Segments rebuilt at once: each needs the memory of its fragments twice. */
const SEGMENTS_AT_ONCE = 2;
/** Counts as behind every segment: nobody is passed over any more. */
const AFTER_ALL = Number.MAX_SAFE_INTEGER;

/** What filling needs. */
export interface FillContext {
  readonly context: ClientContext;
  readonly book: PlacementBook;
  readonly slots: HolderSlots;
  readonly repairKey: Uint8Array;
  readonly signal: AbortSignal;
  /** n places with any k fragments of a segment; rejects with an AppError where they cannot be had. */
  readonly gather: (segment: number, signal: AbortSignal) => Promise<(Uint8Array | undefined)[]>;
  readonly onPlaced?: (segment: number, fragment: number) => void;
  readonly onProgress?: (done: number, total: number) => void;
}

/** What came of it. */
export interface Filled {
  readonly placed: number;
  /** Why segments could not be rebuilt. */
  readonly failures: readonly AppError[];
}

/**
 * Rebuilds what nobody holds from any k fragments and gives it to providers in failure domains that the segment does not
 * use yet. Stops when the time is over: what is missing then stays missing.
 */
export async function fillMissing(fill: FillContext, options: { withinMs: number }): Promise<Filled> {
  const work = new FillWork(
    fill,
    AbortSignal.any([fill.signal, AbortSignal.timeout(Math.ceil(options.withinMs))]),
  );
  await work.run();
  fill.signal.throwIfAborted();
  return work;
}

class FillWork implements Filled {
  placed = 0;
  readonly failures: AppError[] = [];
  /** Positions where nobody takes anything. */
  private readonly closed = new Set<number>();

  constructor(
    private readonly fill: FillContext,
    private readonly signal: AbortSignal,
  ) {}

  async run(): Promise<void> {
    const missing = this.fill.book.missing();
    let done = 0;
    const queue = missing.values();
    const worker = async (): Promise<void> => {
      for (const one of queue) {
        if (this.signal.aborted) return;
        await this.fillSegment(one);
        done += 1;
        this.fill.onProgress?.(done, missing.length);
      }
    };
    await Promise.all(Array.from({ length: SEGMENTS_AT_ONCE }, worker));
  }

  private async fillSegment({ segment, fragments }: MissingFragments): Promise<void> {
    const { book } = this.fill;
    const { fragmentLength } = book.shape(segment);
    const takers = new Map<number, UploadSlot>();
    for (const position of fragments) {
      if (this.closed.has(position)) continue;
      const slot = await this.takerFor(segment, position, fragmentLength);
      if (slot !== undefined) takers.set(position, slot);
    }
    if (takers.size === 0) return;
    const rebuilt = await this.rebuild(segment, [...takers.keys()]);
    if (rebuilt === undefined) {
      for (const slot of takers.values()) slot.giveBack(fragmentLength);
      return;
    }
    const ids = book.fragmentIdsOf(segment);
    await Promise.all(
      [...takers].map(async ([position, slot], at) => {
        const bytes = rebuilt[at] as Uint8Array;
        await this.send(segment, position, { slot, id: ids[position] as (typeof ids)[number], bytes });
        releaseMemory(bytes);
      }),
    );
  }

  /** The position's own provider, or a spare in a failure domain that the segment does not use. */
  private async takerFor(
    segment: number,
    position: number,
    lengthBytes: number,
  ): Promise<UploadSlot | undefined> {
    const { slots, book } = this.fill;
    const request = { segment: AFTER_ALL, lengthBytes, evenPaused: true };
    try {
      let slot = await slots.slotFor(position, request);
      if (slot === undefined && (await slots.substitute(position)) !== undefined) {
        slot = await slots.slotFor(position, request);
      }
      if (slot === undefined) {
        this.closed.add(position);
        return undefined;
      }
      if (book.canPlace(segment, position, slot.contract)) return slot;
      slot.giveBack(lengthBytes);
      return undefined;
    } catch (error) {
      if (this.signal.aborted) return undefined;
      throw error;
    }
  }

  private async rebuild(segment: number, wanted: readonly number[]): Promise<Uint8Array[] | undefined> {
    const { book, context, gather, repairKey } = this.fill;
    const { segmentId, fragmentLength, fragmentIds } = book.shape(segment);
    try {
      const fragments = await gather(segment, this.signal);
      return await context.pipeline.repairFragments({
        segmentId,
        fragmentLength,
        fragments,
        fragmentIds,
        repairKey,
        profile: book.profile,
        missing: wanted,
      });
    } catch (error) {
      if (error instanceof AppError) this.failures.push(error);
      else if (!this.signal.aborted) throw error;
      return undefined;
    }
  }

  private async send(
    segment: number,
    position: number,
    { slot, id, bytes }: { slot: UploadSlot; id: Parameters<UploadSlot['put']>[0]; bytes: Uint8Array },
  ): Promise<void> {
    const { book, slots, onPlaced } = this.fill;
    try {
      await slot.put(id, bytes, this.signal);
      if (!book.canPlace(segment, position, slot.contract)) return;
      book.place(segment, position, slot.contract);
      this.placed += 1;
      onPlaced?.(segment, position);
    } catch (error) {
      slot.giveBack(bytes.length);
      if (this.signal.aborted) return;
      if (!(error instanceof AppError)) throw error;
      const before = slots.spareCount;
      await slots.failed(position, slot, error, segment);
      // Without a spare the same provider would only fail again.
      if (before === 0) this.closed.add(position);
    }
  }
}

/** Any k fragments of a segment from the slots of an upload, data fragments first. */
export function gatherFromSlots(
  book: PlacementBook,
  slotOf: (contract: ContractId) => UploadSlot | undefined,
): FillContext['gather'] {
  return async (segment, signal) => {
    const { k } = book.profile;
    const ids = book.fragmentIdsOf(segment);
    const { fragmentLength } = book.shape(segment);
    const found: (Uint8Array | undefined)[] = ids.map(() => undefined);
    const order = book.holdersOf(segment).flatMap((holder, index) => {
      const slot = holder === undefined ? undefined : slotOf(holder);
      return slot === undefined ? [] : [{ index, slot }];
    });
    const queue = order.values();
    let have = 0;
    let failure: AppError | undefined;
    const worker = async (): Promise<void> => {
      for (const { index, slot } of queue) {
        try {
          found[index] = await slot.get(ids[index] as (typeof ids)[number], fragmentLength, signal);
          have += 1;
          return;
        } catch (error) {
          if (signal.aborted || !(error instanceof AppError)) throw error;
          failure = error;
        }
      }
    };
    await Promise.all(Array.from({ length: k }, worker));
    if (have >= k) return found;
    throw (
      failure ??
      new AppError({ code: 'fetch/too-few-fragments', message: `${have} of ${k} fragments can be had.` })
    );
  };
}
