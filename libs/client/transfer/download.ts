import { equalBytes } from '#crypto';
import { AppError, violationToText } from '#errors';
import {
  type FilePlan,
  type Manifest,
  planOfManifest,
  planRange,
  recordPlainBytes,
  type SegmentRange,
} from '#fragments';
import type { CallOptions, ClientContext } from '../context.js';
import type { FragmentPace } from '../reads/fragment-pace.js';
import { createFileHash, type FileHash } from './file-hash.js';
import { FragmentReader } from './fragment-reader.js';
import { type ComingSegment, cutOut, SegmentReading } from './segment-reading.js';

/** Plaintext fetched or opened ahead of the one being taken, whatever the size of segments; at least two segments are. */
const READ_AHEAD_BYTES = 64 * 2 ** 20;
const MAX_SEGMENTS_AHEAD = 8;
/** Of segments of which not half has come: enough for a fast link and a long way, so that small ones come side by side. */
const IN_FLIGHT_BYTES = 20 * 2 ** 20;
/** The start of the first segment is fetched by itself, so that the first bytes need not wait for the rest. */
const HEAD_BYTES = 2 * recordPlainBytes;

/** Which bytes of a file; all of them unless said otherwise. */
export interface ByteRange {
  readonly from: number;
  readonly toExclusive: number;
}

/** How a file is read. */
export interface ReadOptions extends CallOptions {
  readonly range?: ByteRange;
  /** Hash of the bytes before the range, which were read earlier: with it a range up to the end is checked as a whole file is. */
  readonly hashBefore?: FileHash;
  /** Plaintext asked for of which not half has come, one segment at least; 20 MiB unless given. */
  readonly inFlightBytes?: number;
  /** When a holder is late and a rival is asked; what this read itself finds unless given. */
  readonly pace?: FragmentPace;
}

/** Something to give out, begun when its turn is near. */
interface Piece {
  /** Memory it holds until it is taken. */
  readonly heldBytes: number;
  readonly open: () => ComingSegment;
}

/**
 * The bytes of a file in order. Nothing is given out that is not checked: every record against its tag, or every
 * fragment against its id; a whole file also against its hash, so that the last piece is given out only if all before
 * it were right. What is fetched ahead is bounded: who takes slowly is waited for. Segments come one after the other, the
 * next one asked for while half of the bytes of the one before are on their way: two that come side by side are both late,
 * and sockets are idle while both are opened.
 */
export async function* readFile(
  context: ClientContext,
  manifest: Manifest,
  options: ReadOptions = {},
): AsyncGenerator<Uint8Array> {
  const { range = { from: 0, toExclusive: manifest.sizeBytes }, hashBefore } = options;
  const { inFlightBytes = IN_FLIGHT_BYTES } = options;
  const stop = new AbortController();
  const signal = options.signal === undefined ? stop.signal : AbortSignal.any([options.signal, stop.signal]);
  const reading = new SegmentReading(context, new FragmentReader(context, options.pace), manifest);
  const pieces = toPieces(manifest, range, reading, signal);
  const isWhole = (range.from === 0 || hashBefore !== undefined) && range.toExclusive === manifest.sizeBytes;
  const hash = isWhole ? (hashBefore ?? createFileHash()) : undefined;
  const total = range.toExclusive - range.from;
  const ahead: { readonly heldBytes: number; readonly opened: Promise<Uint8Array> }[] = [];
  let heldBytes = 0;
  let next = 0;
  let done = 0;
  let comingBytes = 0;
  const begin = (piece: Piece): void => {
    const { halfway, plain } = piece.open();
    // Failures surface where the piece's turn comes; until then they must not count as unhandled.
    plain.catch(() => undefined);
    ahead.push({ heldBytes: piece.heldBytes, opened: plain });
    heldBytes += piece.heldBytes;
    comingBytes += piece.heldBytes;
    void halfway.then(() => {
      comingBytes -= piece.heldBytes;
      refill();
    });
  };
  const refill = (): void => {
    for (; next < pieces.length && ahead.length < MAX_SEGMENTS_AHEAD && !signal.aborted; next++) {
      const piece = pieces[next] as Piece;
      if (ahead.length >= 2 && heldBytes + piece.heldBytes > READ_AHEAD_BYTES) return;
      if (comingBytes > 0 && comingBytes + piece.heldBytes > inFlightBytes) return;
      begin(piece);
    }
  };
  try {
    for (refill(); ahead.length > 0; ) {
      const [first] = ahead as [(typeof ahead)[number]];
      const bytes = await first.opened;
      ahead.shift();
      heldBytes -= first.heldBytes;
      refill();
      done += bytes.length;
      hash?.update(bytes);
      if (done === total && hash !== undefined && !equalBytes(hash.digest(), manifest.fileHash))
        throw wrongHash();
      options.onProgress?.({ stage: 'fetching', done, total });
      yield bytes;
    }
  } finally {
    stop.abort();
    await Promise.allSettled(ahead.map(({ opened }) => opened));
  }
}

function toPieces(
  manifest: Manifest,
  range: ByteRange,
  reading: SegmentReading,
  signal: AbortSignal,
): Piece[] {
  const planned = planOfManifest(manifest);
  if (!planned.ok)
    throw new AppError({ code: 'manifest/invalid', message: violationToText(planned.violation) });
  const plan = planned.value;
  const [first, ...others] = partsOf(plan, range.from, range.toExclusive);
  if (first === undefined) return [];
  const headBytes = HEAD_BYTES - first.skipBytes;
  const hasHead = first.takeBytes >= 2 * HEAD_BYTES;
  const split = range.from + (hasHead ? headBytes : 0);
  // The head and the rest of its segment fall back to the same fetch.
  let shared: ComingSegment | undefined;
  const whole = (): ComingSegment => {
    shared ??= reading.whole(first.segmentIndex, signal);
    return shared;
  };
  const toPiece = (part: SegmentRange, open = () => reading.whole(part.segmentIndex, signal)): Piece => {
    const isPart = reading.isWorthRanges(part);
    return {
      heldBytes: isPart ? part.takeBytes : plan.segmentCapacity,
      open: () => {
        if (isPart) return { halfway: Promise.resolve(), plain: reading.part(part, signal, open) };
        const { halfway, plain } = open();
        return { halfway, plain: plain.then((bytes) => cutOut(part, bytes)) };
      },
    };
  };
  const start = partsOf(plan, split, range.from + first.takeBytes).map((part) => toPiece(part, whole));
  const head = hasHead ? partsOf(plan, range.from, split).map((part) => toPiece(part, whole)) : [];
  return [...head, ...start, ...others.map((part) => toPiece(part))];
}

function partsOf(plan: FilePlan, from: number, toExclusive: number): SegmentRange[] {
  const parts = planRange(plan, from, toExclusive);
  if (parts.ok) return parts.value;
  throw new AppError({
    code: parts.violation.rule,
    message: violationToText(parts.violation),
    next: 'Ask for bytes the file has.',
  });
}

function wrongHash(): AppError {
  return new AppError({
    code: 'fetch/wrong-hash',
    message: 'Every fragment is right and yet the file’s hash is not the one in the catalogue.',
    next: 'Please report this: it should be impossible.',
  });
}
