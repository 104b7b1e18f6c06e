import { releaseMemory } from '#erasure';
import { AppError } from '#errors';
import {
  type Manifest,
  type ManifestSegment,
  recordPlainBytes,
  type SegmentRange,
  sealedLength,
  sealedToSpans,
} from '#fragments';
import type { ClientContext } from '../context.js';
import type { FragmentReader } from './fragment-reader.js';

/** Parts of data fragments are asked for alone where they are less than this share of k whole fragments. */
const WORTH_A_RANGE = 0.75;

/** A segment on its way. */
export interface ComingSegment {
  /** Half of its bytes have come, or it failed: time to ask for the next one. Never rejects. */
  readonly halfway: Promise<unknown>;
  readonly plain: Promise<Uint8Array>;
}

/** Opens the segments of one file. */
export class SegmentReading {
  constructor(
    private readonly context: ClientContext,
    private readonly reader: FragmentReader,
    private readonly manifest: Manifest,
  ) {}

  /** The plaintext of a segment. */
  whole(index: number, signal: AbortSignal): ComingSegment {
    let isHalf: () => void = () => undefined;
    const half = new Promise<void>((resolve) => {
      isHalf = resolve;
    });
    const plain = this.fetchAndOpen(index, signal, isHalf);
    return { halfway: Promise.race([half, plain]).catch(() => undefined), plain };
  }

  private async fetchAndOpen(index: number, signal: AbortSignal, onHalf: () => void): Promise<Uint8Array> {
    const { pipeline } = this.context;
    const { profile, contentKey, repairKey } = this.manifest;
    const segment = this.segment(index);
    const { segmentId, plainLength, fragmentLength, fragmentIds } = segment;
    const open = (fragments: readonly (Uint8Array | undefined)[]) =>
      pipeline.openSegment({
        segmentId,
        plainLength,
        fragmentLength,
        fragments,
        fragmentIds,
        contentKey,
        repairKey,
        profile,
      });
    let missingBytes = (profile.k * fragmentLength) / 2;
    const onBytes = (sizeBytes: number): void => {
      missingBytes -= sizeBytes;
      if (missingBytes <= 0) onHalf();
    };
    const fragments = await this.reader.fetchUnchecked(segment, profile.k, signal, onBytes);
    const sealed = toSealedStream(segment, fragments);
    try {
      // The tag of a record says as much about its bytes as the fragment's id does: one check is enough.
      if (sealed === undefined) return await open(fragments);
      return await pipeline.openRange({ segmentId, plainLength, contentKey, firstRecord: 0, sealed });
    } catch (error) {
      if (!isDamage(error)) throw error;
      // Somebody lied. Now every fragment is checked as it comes, which says who, and replaces it.
      return open(await this.reader.fetchSegment(segment, profile.k, signal));
    } finally {
      for (const fragment of fragments) if (fragment !== undefined) releaseMemory(fragment);
    }
  }

  /** Whether a part is better read by itself than cut out of the whole segment. */
  isWorthRanges({ segmentIndex, spans }: SegmentRange): boolean {
    const bytes = spans.reduce((sum, { from, toExclusive }) => sum + toExclusive - from, 0);
    const { fragmentLength } = this.segment(segmentIndex);
    return bytes < this.manifest.profile.k * fragmentLength * WORTH_A_RANGE;
  }

  /**
   * The plaintext of a part, by ranges of the data fragments that hold its records. Where that does not work, or takes
   * too long, it is cut out of the whole segment, which `whole` fetches.
   */
  async part(part: SegmentRange, signal: AbortSignal, whole: () => ComingSegment): Promise<Uint8Array> {
    const cut = async () => cutOut(part, await whole().plain);
    const indexes = part.spans.map(({ fragmentIndex }) => fragmentIndex);
    if (!(await this.reader.areGood(this.segment(part.segmentIndex), indexes))) return cut();
    const stop = new AbortController();
    const both = AbortSignal.any([signal, stop.signal]);
    const startedMs = performance.now();
    const byRanges = this.byRanges(part, both);
    // Nobody may be listening any more when it fails.
    byRanges.catch(() => undefined);
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<'late'>((resolve) => {
      timer = setTimeout(() => resolve('late'), this.reader.pace.lateAfterMs());
    });
    try {
      const first = await Promise.race([byRanges, late]);
      if (first !== 'late') {
        this.reader.pace.note(performance.now() - startedMs);
        return first;
      }
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      return cut();
    } finally {
      clearTimeout(timer);
    }
    try {
      return await Promise.any([byRanges, cut()]);
    } catch (error) {
      throw lastOf(error);
    } finally {
      stop.abort();
    }
  }

  private async byRanges(part: SegmentRange, signal: AbortSignal): Promise<Uint8Array> {
    const segment = this.segment(part.segmentIndex);
    const { segmentId, plainLength } = segment;
    const opened = await this.context.pipeline.openRange({
      segmentId,
      plainLength,
      contentKey: this.manifest.contentKey,
      firstRecord: part.firstRecord,
      sealed: await this.reader.fetchSpans(segment, part.spans, signal),
    });
    return opened.subarray(part.skipBytes, part.skipBytes + part.takeBytes);
  }

  private segment(index: number): ManifestSegment {
    return this.manifest.segments[index] as ManifestSegment;
  }
}

/** The bytes of a part, as a view of its segment's plaintext: that itself where it is all of it. */
export function cutOut(part: SegmentRange, plain: Uint8Array): Uint8Array {
  if (part.takeBytes === plain.length) return plain;
  const start = part.firstRecord * recordPlainBytes + part.skipBytes;
  return plain.subarray(start, start + part.takeBytes);
}

/** The sealed stream of a segment where all its data fragments are there. */
function toSealedStream(
  { plainLength, fragmentLength }: ManifestSegment,
  fragments: readonly (Uint8Array | undefined)[],
): Uint8Array[] | undefined {
  const pieces: Uint8Array[] = [];
  for (const span of sealedToSpans(0, sealedLength(plainLength), fragmentLength)) {
    const fragment = fragments[span.fragmentIndex];
    if (fragment === undefined) return undefined;
    pieces.push(fragment.subarray(span.from, span.toExclusive));
  }
  return pieces;
}

function isDamage(error: unknown): boolean {
  return (
    error instanceof AppError &&
    (error.code === 'erasure/record-damaged' || error.code === 'erasure/fragment-damaged')
  );
}

/** Of several ways that failed, why the last one did. */
function lastOf(error: unknown): unknown {
  return error instanceof AggregateError ? error.errors.at(-1) : error;
}
