import { equalBytes } from '#crypto';
import { AppError, violationToText } from '#errors';
import { type Manifest, type ManifestSegment, planOfManifest, planRange, segmentOfPlan } from '#fragments';
import type { CallOptions, ClientContext } from '../context.js';
import { createFileHash } from './file-hash.js';
import { FragmentReader } from './fragment-reader.js';

/** Segments fetched ahead of the one being written. */
const READ_AHEAD = 4;

/** Which bytes of a file; all of them unless said otherwise. */
export interface ByteRange {
  readonly from: number;
  readonly toExclusive: number;
}

/**
 * The bytes of a file in order. Every fragment is checked against its id and every record against its tag; a whole
 * file also against its hash, so that the last piece is given out only if all before it were right.
 */
export async function* readFile(
  context: ClientContext,
  manifest: Manifest,
  options: CallOptions & { range?: ByteRange } = {},
): AsyncGenerator<Uint8Array> {
  const planned = planOfManifest(manifest);
  if (!planned.ok)
    throw new AppError({ code: 'manifest/invalid', message: violationToText(planned.violation) });
  const plan = planned.value;
  const range = options.range ?? { from: 0, toExclusive: manifest.sizeBytes };
  const parts = planRange(plan, range.from, range.toExclusive);
  if (!parts.ok) {
    throw new AppError({
      code: parts.violation.rule,
      message: violationToText(parts.violation),
      next: 'Ask for bytes the file has.',
    });
  }
  const whole = range.from === 0 && range.toExclusive === manifest.sizeBytes;
  const hash = createFileHash();
  const reader = new FragmentReader(context);
  const queue: Promise<Uint8Array>[] = [];
  const stop = new AbortController();
  const signal = options.signal === undefined ? stop.signal : AbortSignal.any([options.signal, stop.signal]);
  let next = 0;
  let done = 0;
  const refill = (): void => {
    while (queue.length < READ_AHEAD && next < parts.value.length) {
      const { segmentIndex } = parts.value[next] as { segmentIndex: number };
      const task = openSegment(context, reader, manifest, segmentIndex, signal);
      // Failures surface where the segment's turn comes; until then they must not count as unhandled.
      task.catch(() => undefined);
      queue.push(task);
      next += 1;
    }
  };
  try {
    for (const part of parts.value) {
      refill();
      const plain = await (queue.shift() as Promise<Uint8Array>);
      const start = Math.max(0, range.from - segmentOfPlan(plan, part.segmentIndex).offset);
      const wanted = plain.subarray(start, start + part.takeBytes);
      done += wanted.length;
      if (whole) {
        hash.update(wanted);
        if (done === manifest.sizeBytes && !equalBytes(hash.digest(), manifest.fileHash)) throw wrongHash();
      }
      options.onProgress?.({ stage: 'fetching', done, total: range.toExclusive - range.from });
      yield wanted;
    }
  } finally {
    stop.abort();
    await Promise.allSettled(queue);
  }
}

async function openSegment(
  context: ClientContext,
  reader: FragmentReader,
  manifest: Manifest,
  index: number,
  signal: AbortSignal,
): Promise<Uint8Array> {
  const segment = manifest.segments[index] as ManifestSegment;
  const fragments = await reader.fetchSegment(segment, manifest.profile.k, signal);
  return context.pipeline.openSegment({
    segmentId: segment.segmentId,
    plainLength: segment.plainLength,
    fragmentLength: segment.fragmentLength,
    fragments,
    fragmentIds: segment.fragmentIds,
    contentKey: manifest.contentKey,
    repairKey: manifest.repairKey,
    profile: manifest.profile,
  });
}

function wrongHash(): AppError {
  return new AppError({
    code: 'fetch/wrong-hash',
    message: 'Every fragment is right and yet the file’s hash is not the one in the catalogue.',
    next: 'Please report this: it should be impossible.',
  });
}
