import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { types } from 'node:util';
import { isMarkedAsUntransferable } from 'node:worker_threads';
import { Piscina } from 'piscina';
import { AppError, assertInvariant, InvariantError, type Violation, violationToText } from '#errors';
import {
  fragmentLengthFor,
  keyBytes,
  recordSealedBytes,
  segmentCapacity,
  segmentIdBytes,
  validateFragmentSize,
  validateShape,
} from '#fragments';
import { hashBytes, hashIsNative } from './fragment-hash.js';
import { allocateMemory, closePool, isSharedMemory, openPool, releaseMemory } from './memory.js';
import type {
  CodeShape,
  OpenInput,
  OpenRangeInput,
  RepairInput,
  SealedSegment,
  SealInput,
  SegmentPipeline,
} from './port.js';
import { countRecordsGiven, openRangeHere, plainLengthOfRange } from './segment-sealing.js';
import type { SegmentTask, SegmentWork, TaskAnswer } from './segment-worker.js';

/** Sealed bytes that the calling thread opens itself: four records, about 0.15 ms. */
const openedAtOnceBytes = 4 * recordSealedBytes;

/** Memory that a task's results will take. */
interface Results {
  readonly length: number;
  readonly count: number;
}

const nothing: Results = { length: 0, count: 0 };

/** What a task gave. */
interface Ran<T> {
  readonly value: T;
  readonly results: readonly Uint8Array[];
}

/**
 * A segment pipeline on worker threads, one per core unless told otherwise.
 * Keep at most a few calls per worker in flight: each holds its segment's memory, and awaiting is the back-pressure.
 */
export function createSegmentPipeline(options: { workers?: number } = {}): SegmentPipeline {
  const workers = options.workers ?? availableParallelism();
  assertInvariant(Number.isInteger(workers) && workers > 0, `${workers} workers: at least 1 is needed`);
  const pool = new Piscina({
    filename: fileURLToPath(new URL('./segment-worker.js', import.meta.url)),
    name: 'runSegmentTask',
    minThreads: workers,
    maxThreads: workers,
  });
  const inFlight = new Set<Promise<unknown>>();
  let closing: Promise<void> | undefined;
  openPool();

  const run = async <T>(
    work: SegmentWork,
    consumed: readonly Uint8Array[],
    expected: Results,
  ): Promise<Ran<T>> => {
    if (closing !== undefined) throw closedPipeline();
    const memory = memoryFor(expected);
    const buffers = [...new Set(consumed.filter((view) => !isSharedMemory(view)).map((view) => view.buffer))];
    const task: SegmentTask = { ...work, memory };
    const running: Promise<TaskAnswer<T>> = pool.run(task, { transferList: buffers as ArrayBuffer[] });
    inFlight.add(running);
    try {
      const answer = await running;
      if ('failure' in answer) throw new AppError(answer.failure);
      return { value: answer.value, results: memory.length > 0 ? memory : answer.results };
    } catch (error) {
      for (const view of memory) releaseMemory(view);
      throw error instanceof AppError ? error : workerError(error);
    } finally {
      inFlight.delete(running);
      // What moved away is empty here; what is shared serves the next ones.
      for (const view of consumed) releaseMemory(view);
    }
  };

  // The pool's own close ends workers that still have tasks, so the tasks are awaited here first.
  const closeWorkers = async (): Promise<void> => {
    await Promise.allSettled(inFlight);
    closePool();
    await pool.destroy();
  };

  return {
    sealSegment: async (input) => {
      checkSealInput(input);
      const plain = toOwned(input.plain);
      const fragments = {
        length: fragmentLengthFor(input.profile.k, plain.length),
        count: input.profile.n,
      };
      const { value, results } = await run<Omit<SealedSegment, 'fragments'>>(
        { kind: 'seal', input: { ...input, plain } },
        [plain],
        fragments,
      );
      return { ...value, fragments: [...results] };
    },
    openSegment: async (input) => {
      checkOpenInput(input);
      const fragments = input.fragments.map(toOwnedIfPresent);
      const consumed = fragments.filter(isPresent);
      const plain = { length: input.plainLength, count: 1 };
      return only(await run({ kind: 'open', input: { ...input, fragments } }, consumed, plain));
    },
    openRange: async (input) => {
      checkOpenRangeInput(input);
      if (closing !== undefined) throw closedPipeline();
      if (sumOfLengths(input.sealed) <= openedAtOnceBytes) {
        const plain = openRangeHere(input);
        for (const piece of input.sealed) releaseMemory(piece);
        return plain;
      }
      const sealed = input.sealed.map(toOwned);
      const plain = { length: plainLengthOfRange(input), count: 1 };
      return only(await run({ kind: 'openRange', input: { ...input, sealed } }, sealed, plain));
    },
    repairFragments: async (input) => {
      checkRepairInput(input);
      const fragments = input.fragments.map(toOwnedIfPresent);
      const consumed = fragments.filter(isPresent);
      const rebuilt = { length: input.fragmentLength, count: input.missing.length };
      const { results } = await run({ kind: 'repair', input: { ...input, fragments } }, consumed, rebuilt);
      return [...results];
    },
    hashFragment: async (bytes) => {
      // The native hash takes about 0.2 ms a MiB, less than a trip to a worker with a copy.
      if (hashIsNative) return hashBytes(bytes);
      return (await run<Uint8Array>({ kind: 'hash', input: bytes }, [], nothing)).value;
    },
    close: () => {
      closing ??= closeWorkers();
      return closing;
    },
  };
}

function checkSealInput(input: SealInput): void {
  checkViolation(validateFragmentSize(input.fragmentSize));
  checkShapeAndKeys(input.profile, [input.contentKey, input.repairKey]);
  const capacity = segmentCapacity(input.profile.k, input.fragmentSize);
  assertInvariant(
    input.plain.length >= 1 && input.plain.length <= capacity,
    `a segment of ${input.plain.length} bytes cannot be sealed: 1 to ${capacity} fit (0 also when the buffer was given away before)`,
  );
}

function checkOpenInput(input: OpenInput): void {
  checkShapeAndKeys(input.profile, [input.contentKey, input.repairKey]);
  checkFragmentArrays(input);
  const expected = fragmentLengthFor(input.profile.k, input.plainLength);
  assertInvariant(
    Number.isInteger(input.plainLength) && input.plainLength >= 1 && expected === input.fragmentLength,
    `${input.plainLength} plaintext bytes need fragments of ${expected} bytes, not ${input.fragmentLength}`,
  );
}

function checkOpenRangeInput(input: OpenRangeInput): void {
  const { plainLength, firstRecord, segmentId } = input;
  assertInvariant(segmentId.length === segmentIdBytes, `a segment id has ${segmentIdBytes} bytes`);
  assertInvariant(
    input.contentKey.length === keyBytes,
    `a key has ${keyBytes} bytes, not ${input.contentKey.length}`,
  );
  assertInvariant(
    Number.isInteger(plainLength) && plainLength >= 1 && Number.isInteger(firstRecord) && firstRecord >= 0,
    `no record ${firstRecord} in a segment of ${plainLength} plaintext bytes`,
  );
  assertInvariant(
    countRecordsGiven(input) !== undefined,
    `${sumOfLengths(input.sealed)} sealed bytes from record ${firstRecord} on are not whole records of a segment of ${plainLength} plaintext bytes`,
  );
}

function checkRepairInput(input: RepairInput): void {
  checkShapeAndKeys(input.profile, [input.repairKey]);
  checkFragmentArrays(input);
  for (const index of input.missing)
    assertInvariant(
      Number.isInteger(index) && index >= 0 && index < input.profile.n,
      `fragment ${index} cannot be repaired: indexes run from 0 to ${input.profile.n - 1}`,
    );
}

function checkFragmentArrays(input: OpenInput | RepairInput): void {
  const { n } = input.profile;
  assertInvariant(input.segmentId.length === segmentIdBytes, `a segment id has ${segmentIdBytes} bytes`);
  assertInvariant(
    input.fragments.length === n && input.fragmentIds.length === n,
    `${input.fragments.length} fragments and ${input.fragmentIds.length} ids were given, ${n} places of each are needed`,
  );
}

function checkShapeAndKeys(profile: CodeShape, keys: readonly Uint8Array[]): void {
  checkViolation(validateShape(profile.k, profile.n));
  for (const key of keys)
    assertInvariant(key.length === keyBytes, `a key has ${keyBytes} bytes, not ${key.length}`);
}

function checkViolation(violation: Violation | undefined): void {
  if (violation !== undefined) throw new InvariantError(violationToText(violation));
}

function sumOfLengths(views: readonly Uint8Array[]): number {
  return views.reduce((sum, view) => sum + view.length, 0);
}

/** Shared memory for all the results of a task, or none where some of it would not be. */
function memoryFor({ length, count }: Results): Uint8Array[] {
  const memory: Uint8Array[] = [];
  while (memory.length < count) {
    const view = allocateMemory(length);
    if (!isSharedMemory(view)) {
      for (const other of memory) releaseMemory(other);
      return [];
    }
    memory.push(view);
  }
  return memory;
}

function only({ results }: Ran<unknown>): Uint8Array {
  assertInvariant(results.length === 1, `a task gave ${results.length} results in place of one`);
  return results[0] as Uint8Array;
}

/** The view itself when it is shared, or all of its memory and that memory may move; otherwise a copy. */
function toOwned(view: Uint8Array): Uint8Array {
  if (view.byteLength === 0) return new Uint8Array(0);
  if (isSharedMemory(view)) return view;
  const isWhole = view.byteOffset === 0 && view.byteLength === view.buffer.byteLength;
  const canMove = types.isArrayBuffer(view.buffer) && !isMarkedAsUntransferable(view.buffer);
  return isWhole && canMove ? view : new Uint8Array(view);
}

function toOwnedIfPresent(view: Uint8Array | undefined): Uint8Array | undefined {
  return view === undefined ? undefined : toOwned(view);
}

function isPresent(view: Uint8Array | undefined): view is Uint8Array {
  return view !== undefined;
}

/** A worker that ended (out of memory, killed) is the world's fault; anything else it throws is ours. */
function workerError(error: unknown): Error {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const message = error instanceof Error ? error.message : String(error);
  if (!code.startsWith('ERR_WORKER')) return new InvariantError(`segment worker: ${message}`);
  return new AppError({
    code: 'erasure/worker-ended',
    message: `a segment worker ended in the middle of a segment: ${message}`,
    next: 'seal or open the segment again; with too little memory use fewer workers or smaller fragments',
    cause: error,
  });
}

function closedPipeline(): AppError {
  return new AppError({
    code: 'erasure/closed',
    message: 'the segment pipeline is closed',
    next: 'create a new pipeline, or await the calls in flight before closing it',
  });
}
