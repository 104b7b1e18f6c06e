import type { FileEntry } from '#catalogue';
import { equalBytes } from '#crypto';
import { AppError, assertInvariant } from '#errors';
import { type Manifest, memberRange, planOfManifest, sealedLength } from '#fragments';
import { entryContent, manifestOf } from '../catalogue/entry-content.js';
import type { CallOptions, ClientContext } from '../context.js';
import { type ByteRange, type ReadOptions, readFile } from '../transfer/download.js';
import { createFileHash } from '../transfer/file-hash.js';
import { MemberOpener } from './member-sealing.js';

/** Reads a range of what is stored under a manifest. */
export type RangeReader = (
  manifest: Manifest,
  options: { readonly range: ByteRange; readonly signal?: AbortSignal | undefined },
) => AsyncIterable<Uint8Array>;

/** A member of a pack with its bytes, or why it cannot be had. */
export type ReadMember =
  | { readonly entry: FileEntry; readonly plain: Uint8Array }
  | { readonly entry: FileEntry; readonly error: AppError };

/**
 * The bytes of an entry in order, wherever they lie. Every record is checked before it is given out; a whole file also
 * against its hash.
 * @throws AppError `fetch/too-few-fragments`, `fetch/member-damaged`, `fetch/wrong-hash`, `fragments/range`
 */
export async function* readEntry(
  context: ClientContext,
  entry: FileEntry,
  options: ReadOptions = {},
): AsyncGenerator<Uint8Array> {
  const { manifest, member, fileHash } = entryContent(undefined, entry);
  if (member === undefined) {
    yield* readFile(context, manifest, options);
    return;
  }
  const sizeBytes = Number(entry.sizeBytes);
  const { from, toExclusive } = options.range ?? { from: 0, toExclusive: sizeBytes };
  assertRange(from, toExclusive, sizeBytes);
  if (from === toExclusive) return;
  const records = memberRange(sizeBytes, from, toExclusive);
  const opener = new MemberOpener(member.contentKey, sizeBytes, records.firstRecord, entry.path);
  const range = {
    from: member.range.from + records.sealedFrom,
    toExclusive: member.range.from + records.sealedToExclusive,
  };
  const whole = from === 0 && toExclusive === sizeBytes;
  const hash = createFileHash();
  const wanted = toExclusive - from;
  let skip = records.skipBytes;
  let done = 0;
  for await (const piece of readFile(context, manifest, { ...options, onProgress: undefined, range })) {
    for (const plain of opener.open(piece)) {
      const part = plain.subarray(skip, skip + wanted - done);
      skip = 0;
      done += part.length;
      if (whole) hash.update(part);
      if (whole && done === wanted && !equalBytes(hash.digest(), fileHash)) throw wrongHash(entry.path);
      options.onProgress?.({ stage: 'fetching', done, total: wanted });
      if (part.length > 0) yield part;
    }
  }
}

/**
 * Members of one pack in the order they lie in it, reading each part of the pack once. What cannot be had is told and
 * the others go on.
 */
export function readMembers(
  context: ClientContext,
  entries: readonly FileEntry[],
  options: CallOptions = {},
): AsyncGenerator<ReadMember> {
  return readMembersBy((manifest, how) => readFile(context, manifest, how), entries, options);
}

/** As `readMembers`, wherever the bytes come from. */
export async function* readMembersBy(
  read: RangeReader,
  entries: readonly FileEntry[],
  options: CallOptions = {},
): AsyncGenerator<ReadMember> {
  const [first] = entries;
  if (first === undefined) return;
  const isOnePack = entries.every(({ member }) => member?.pack === first.member?.pack);
  assertInvariant(isOnePack && first.member !== undefined, 'members of one pack are read together');
  const planned = planOfManifest(manifestOf(first));
  const capacity = planned.ok ? planned.value.segmentCapacity : 1;
  const places = entries.map(placeOf).sort((a, b) => a.from - b.from);
  let run: Place[] = [];
  for (const place of places) {
    const last = run.at(-1);
    // Across a gap of a segment and more it is less to begin anew.
    if (last !== undefined && place.from - last.toExclusive >= capacity) {
      yield* readRun(read, run, capacity, options);
      run = [];
    }
    run.push(place);
  }
  yield* readRun(read, run, capacity, options);
}

interface Place extends ByteRange {
  readonly entry: FileEntry;
}

function placeOf(entry: FileEntry): Place {
  const from = entry.member?.offset ?? 0;
  return { entry, from, toExclusive: from + sealedLength(Number(entry.sizeBytes)) };
}

async function* readRun(
  read: RangeReader,
  run: readonly Place[],
  capacity: number,
  { signal }: CallOptions,
): AsyncGenerator<ReadMember> {
  const end = run.at(-1)?.toExclusive ?? 0;
  for (let at = 0; at < run.length; ) {
    const { entry, from } = run[at] as Place;
    let position = from;
    let cut = new MemberCut(run[at] as Place);
    try {
      for await (const piece of read(manifestOf(entry), {
        signal,
        range: { from, toExclusive: end },
      })) {
        for (let rest = piece; rest.length > 0 && at < run.length; ) {
          const place = run[at] as Place;
          // A member that begins inside the one before it is read by itself.
          if (cut.isEmpty && position > place.from) break;
          const until = position < place.from ? place.from : place.toExclusive;
          const part = rest.subarray(0, until - position);
          if (position >= place.from) cut.push(part);
          position += part.length;
          rest = rest.subarray(part.length);
          if (position < place.toExclusive || part.length === 0) continue;
          yield cut.finish();
          at += 1;
          if (at < run.length) cut = new MemberCut(run[at] as Place);
        }
        if (at >= run.length || (cut.isEmpty && position > (run[at] as Place).from)) break;
      }
    } catch (error) {
      if (!(error instanceof AppError) || signal?.aborted === true) throw error;
      // One segment is out of reach: whatever lies in it is, and what comes after it is tried.
      const failedUntil = (Math.floor(position / capacity) + 1) * capacity;
      for (; at < run.length && (run[at] as Place).from < failedUntil; at++) {
        yield { entry: (run[at] as Place).entry, error };
      }
    }
  }
}

/** Collects one member. */
class MemberCut {
  private readonly opener: MemberOpener;
  private readonly plain: Uint8Array;
  private filled = 0;
  private hasBegun = false;
  private error: AppError | undefined;

  constructor(private readonly place: Place) {
    const { entry } = place;
    const sizeBytes = Number(entry.sizeBytes);
    this.plain = new Uint8Array(sizeBytes);
    this.opener = new MemberOpener(entry.member?.contentKey ?? new Uint8Array(32), sizeBytes, 0, entry.path);
  }

  /** Whether nothing of it has come yet. */
  get isEmpty(): boolean {
    return !this.hasBegun;
  }

  push(piece: Uint8Array): void {
    this.hasBegun = true;
    if (this.error !== undefined) return;
    try {
      for (const part of this.opener.open(piece)) {
        this.plain.set(part, this.filled);
        this.filled += part.length;
      }
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      this.error = error;
    }
  }

  finish(): ReadMember {
    const { entry } = this.place;
    if (this.error !== undefined) return { entry, error: this.error };
    const hash = createFileHash();
    hash.update(this.plain);
    const isRight = entry.member !== undefined && equalBytes(hash.digest(), entry.member.fileHash);
    return isRight ? { entry, plain: this.plain } : { entry, error: wrongHash(entry.path) };
  }
}

function assertRange(from: number, toExclusive: number, sizeBytes: number): void {
  const isRange = Number.isInteger(from) && Number.isInteger(toExclusive);
  if (isRange && from >= 0 && from <= toExclusive && toExclusive <= sizeBytes) return;
  throw new AppError({
    code: 'fragments/range',
    message: `Bytes ${from} to ${toExclusive} are not within a file of ${sizeBytes} bytes.`,
    next: 'Ask for bytes the file has.',
  });
}

function wrongHash(path: string): AppError {
  return new AppError({
    code: 'fetch/wrong-hash',
    message: `Every record of '${path}' is right and yet its hash is not the one in the catalogue.`,
    next: 'Please report this: it should be impossible.',
  });
}
