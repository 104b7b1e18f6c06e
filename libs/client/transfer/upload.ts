import { bytesToHex } from '#crypto';
import { releaseMemory } from '#erasure';
import { type FilePlan, fragmentLengthFor, isPlaced, type Manifest, segmentOfPlan } from '#fragments';
import type { CallOptions, ClientContext } from '../context.js';
import { createFileHash, updateInSlices } from './file-hash.js';
import type { HolderSlots } from './holder-slots.js';
import { MemoryGate } from './memory-gate.js';
import type { PlacementBook } from './placement-book.js';
import type { UploadJournal } from './resume/upload-journal.js';
import { sendSegment } from './segment-upload.js';
import type { SourceFile } from './source.js';
import { type UploadPlan, validFilePlan } from './upload-plan.js';

export { memorySource } from './source.js';

/** Segments being sealed or sent at once, those aside whose last fragments are on their way: enough for the workers and the disks… */
const MAX_SEGMENTS_IN_FLIGHT = 6;
/** …and little enough for the memory: plaintext and fragments of all of them. */
const MAX_BYTES_IN_FLIGHT = 192 * 2 ** 20;

/** Both keys of a file. */
export interface FileKeys {
  readonly contentKey: Uint8Array;
  readonly repairKey: Uint8Array;
}

/** An upload under way. */
export interface UploadRun {
  readonly context: ClientContext;
  readonly source: SourceFile;
  readonly upload: UploadPlan;
  readonly keys: FileKeys;
  readonly book: PlacementBook;
  /** On their way while the first segments are sealed; nobody where there is nothing to store. */
  readonly slots: Promise<HolderSlots> | undefined;
  readonly journal: UploadJournal | undefined;
  readonly signal: AbortSignal;
  /** Whether a segment with this plaintext (its BLAKE3) is stored already. */
  readonly isKept: (segment: number, plainHash: Uint8Array) => boolean;
}

/** What was read. */
export interface ReadSource {
  readonly plan: FilePlan;
  readonly fileHash: Uint8Array;
}

/**
 * Reads, seals and spreads a source: each segment is sent while the next ones are read and sealed, and reading waits
 * for the providers. Every segment has its quorum of holders when this resolves; nothing has been paid.
 */
export async function readAndSend(run: UploadRun, options: CallOptions = {}): Promise<ReadSource> {
  const sender = new SourceSender(run, options);
  try {
    return await sender.run();
  } catch (error) {
    await sender.stop(error);
    throw sender.failure ?? error;
  }
}

class SourceSender {
  private readonly memory = new MemoryGate(MAX_BYTES_IN_FLIGHT);
  private readonly hash = createFileHash();
  private readonly running = new Set<Promise<void>>();
  private readonly tails = new Set<Promise<void>>();
  private readonly halt = new AbortController();
  private readonly signal: AbortSignal;
  private doneBytes = 0;
  /** Why a segment could not be stored. */
  failure: unknown;

  constructor(
    private readonly upload: UploadRun,
    private readonly options: CallOptions,
  ) {
    this.signal = AbortSignal.any([upload.signal, this.halt.signal]);
  }

  async run(): Promise<ReadSource> {
    const { source, upload, book } = this.upload;
    const { plan } = upload;
    const isOpenEnded = source.sizeBytes === undefined;
    let sizeBytes = 0;
    for (let index = 0; isOpenEnded || index < plan.segmentCount; index++) {
      const most = isOpenEnded ? plan.segmentCapacity : segmentOfPlan(plan, index).plainLength;
      const plain = await this.read(most);
      // Sealing takes the memory, and with it the length.
      const { length } = plain;
      sizeBytes += length;
      if (length > 0) await this.begin(index, plain);
      if (length < most) break;
    }
    await Promise.all(this.running);
    await source.assertUnchanged();
    await Promise.all(this.tails);
    this.signal.throwIfAborted();
    const whole = isOpenEnded ? validFilePlan({ ...plan, sizeBytes }) : plan;
    book.truncate(whole.segmentCount);
    return { plan: whole, fileHash: this.hash.digest() };
  }

  /** Ends what is under way; resolves when nothing is. */
  async stop(reason: unknown): Promise<void> {
    this.halt.abort(reason);
    await Promise.allSettled([...this.running, ...this.tails]);
  }

  /** The next segment's bytes; their memory, and that of the fragments to come, is taken first. */
  private async read(lengthBytes: number): Promise<Uint8Array> {
    const { source, upload } = this.upload;
    await this.memory.take(memoryOf(upload.plan, lengthBytes), this.signal);
    try {
      const plain = await source.read(lengthBytes);
      const spared = memoryOf(upload.plan, lengthBytes) - memoryOf(upload.plan, plain.length);
      this.memory.release(spared);
      return plain;
    } catch (error) {
      this.memory.release(memoryOf(upload.plan, lengthBytes));
      throw error;
    }
  }

  /** Starts what one segment needs, and waits while too many are under way. */
  private async begin(index: number, plain: Uint8Array): Promise<void> {
    const { isKept, journal, upload } = this.upload;
    const ofSegment = createFileHash();
    const { length } = plain;
    await updateInSlices(journal === undefined ? [this.hash] : [this.hash, ofSegment], plain);
    const plainHash = journal === undefined ? undefined : ofSegment.digest();
    if (plainHash !== undefined && isKept(index, plainHash)) {
      releaseMemory(plain);
      this.memory.release(memoryOf(upload.plan, length));
      this.noteDone(length);
      return;
    }
    const task = this.store(index, plain, plainHash);
    const tracked = task.finally(() => this.running.delete(tracked));
    // Nobody may be waiting for it when it fails, while the next one is read: that ends here.
    tracked.catch((error: unknown) => {
      this.failure ??= error;
      this.halt.abort(error);
    });
    this.running.add(tracked);
    this.signal.throwIfAborted();
    if (this.running.size >= MAX_SEGMENTS_IN_FLIGHT) await Promise.race(this.running);
  }

  private async store(index: number, plain: Uint8Array, plainHash: Uint8Array | undefined): Promise<void> {
    const { context, keys, upload, book, journal } = this.upload;
    const { profile, fragmentSize } = upload.plan;
    const { length } = plain;
    const sealed = await context.pipeline
      .sealSegment({ plain, ...keys, profile, fragmentSize })
      .catch((error: unknown) => {
        this.memory.release(memoryOf(upload.plan, length) - length);
        throw error;
      })
      .finally(() => this.memory.release(length));
    const { fragments, ...shape } = sealed;
    book.addSegment(index, shape);
    const slots = (await this.upload.slots) as HolderSlots;
    const onLatePlaced = (segment: number, fragment: number): void => journal?.notePlaced(segment, fragment);
    const sending = sendSegment(
      { slots, book, memory: this.memory, onLatePlaced },
      index,
      fragments,
      this.signal,
    );
    const tail = sending.over.finally(() => this.tails.delete(tail));
    this.tails.add(tail);
    await sending.quorum;
    if (plainHash !== undefined) journal?.noteSegment(index, plainHash);
    this.noteDone(length);
  }

  private noteDone(bytes: number): void {
    this.doneBytes += bytes;
    const total = this.upload.source.sizeBytes ?? this.doneBytes;
    this.options.onProgress?.({ stage: 'sealing', done: this.doneBytes, total });
  }
}

/** Plaintext and fragments of a segment. */
function memoryOf({ profile }: FilePlan, plainLength: number): number {
  if (plainLength === 0) return 0;
  return plainLength + profile.n * fragmentLengthFor(profile.k, plainLength);
}

/** The distinct contracts of a manifest. */
export function contractsOf(manifest: Manifest): string[] {
  const ids = new Set<string>();
  for (const segment of manifest.segments) {
    for (const holder of segment.holders) if (isPlaced(holder)) ids.add(bytesToHex(holder));
  }
  return [...ids];
}
