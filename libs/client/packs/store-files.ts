import { randomBytes } from 'node:crypto';
import type { FileEntry } from '#catalogue';
import { AppError } from '#errors';
import {
  defaultFragmentSizeBytes,
  encodeManifest,
  packCapacity,
  packedFileLimit,
  type RedundancyProfile,
} from '#fragments';
import { quoteContracts } from '#market';
import type { CairnClient, StoreOptions } from '../client.js';
import type { Progress } from '../context.js';
import { createFileHash } from '../transfer/file-hash.js';
import { abandonContracts } from '../transfer/form-contracts.js';
import { openSource } from '../transfer/source.js';
import { memorySource } from '../transfer/upload.js';
import { type NewMember, PackBuilder } from './pack-builder.js';
import type { StoredBytes, StoredFiles } from './store-pack.js';

/** A file of this machine, what it is stored under, and its size when it was found. */
export interface LocalFile {
  /** Bytes where its name is no UTF-8. */
  readonly path: string | Uint8Array;
  readonly name: string;
  readonly sizeBytes: number;
}

/** What became of files: stored and paid for (a pack of them at once), or not readable. */
export type StoreEvent =
  | { readonly kind: 'stored'; readonly stored: StoredFiles }
  | { readonly kind: 'failed'; readonly file: LocalFile; readonly error: AppError };

export interface StoreFilesOptions extends Omit<StoreOptions, 'onProgress'> {
  /** Progress of one file or pack, by its name. */
  readonly onProgress?: (name: string, progress: Progress) => void;
}

/** Small files are read so many at once, and no more of them than so many bytes. */
const READ_TOGETHER = 32;
const READ_TOGETHER_BYTES = 8 * 2 ** 20;

/**
 * Stores files: small ones together in packs, each of the others by itself. While a pack is sent the next one is put
 * together, so two of them are in memory at most. A file that cannot be read is told and keeps none of the others back;
 * any other failure ends it, after what was finished has been told. Whoever stops taking before the end gets nothing for
 * the pack that is on its way: it is given up.
 */
export async function* storeFiles(
  client: CairnClient,
  files: Iterable<LocalFile>,
  options: StoreFilesOptions,
): AsyncGenerator<StoreEvent> {
  const halt = new AbortController();
  const signal = options.signal === undefined ? halt.signal : AbortSignal.any([options.signal, halt.signal]);
  const storing = new FileStoring(client, { ...options, signal });
  try {
    for (const file of files) {
      signal.throwIfAborted();
      yield* storing.take(file);
    }
    yield* storing.finish();
  } catch (error) {
    // What was on its way is paid for by now, or has been given up.
    const stored = await storing.takePending();
    if (stored !== undefined) yield { kind: 'stored', stored };
    throw error;
  } finally {
    halt.abort();
    const untold = await storing.takePending();
    if (untold !== undefined) await abandonContracts(client.context, untold.contracts);
  }
}

class FileStoring {
  /** The pack being sent. */
  private pending: Promise<StoredFiles> | undefined;
  private readonly limit: number;
  private readonly capacity: number;
  private batch: LocalFile[] = [];
  private batchBytes = 0;
  private builder: PackBuilder;
  /** A pack of one is better stored as a file of its own. */
  private only: NewMember | undefined;

  constructor(
    private readonly client: CairnClient,
    private readonly options: StoreFilesOptions,
  ) {
    const { profile, fragmentSize = defaultFragmentSizeBytes } = options;
    this.limit = packedFileLimit(profile.k, fragmentSize);
    this.capacity = packCapacity(profile.k, fragmentSize);
    this.builder = new PackBuilder(this.capacity);
  }

  /** The pack being sent, once it is stored; undefined where there is none, or it failed. Handed out once. */
  async takePending(): Promise<StoredFiles | undefined> {
    const { pending } = this;
    this.pending = undefined;
    return pending?.catch(() => undefined);
  }

  async *take(file: LocalFile): AsyncGenerator<StoreEvent> {
    if (file.sizeBytes > this.limit) {
      yield* this.settle();
      yield* this.storeWhole(file);
      return;
    }
    this.batch.push(file);
    this.batchBytes += file.sizeBytes;
    if (this.batch.length >= READ_TOGETHER || this.batchBytes >= READ_TOGETHER_BYTES) yield* this.readBatch();
  }

  async *finish(): AsyncGenerator<StoreEvent> {
    yield* this.readBatch();
    yield* this.flush();
    yield* this.settle();
  }

  private async *readBatch(): AsyncGenerator<StoreEvent> {
    const batch = this.batch;
    this.batch = [];
    this.batchBytes = 0;
    const reads = await Promise.all(batch.map((file) => readSmall(file, this.limit)));
    for (const [at, read] of reads.entries()) {
      if (read instanceof AppError) yield { kind: 'failed', file: batch[at] as LocalFile, error: read };
      else if (read.plain.length === 0) yield { kind: 'stored', stored: await this.storeEmpty(read) };
      else {
        if (!this.builder.fits(read.plain.length)) yield* this.flush();
        this.only = this.builder.count === 0 ? read : undefined;
        this.builder.add(read);
      }
    }
  }

  /** Sends the pack that was put together, once the one before it is done. */
  private async *flush(): AsyncGenerator<StoreEvent> {
    if (this.builder.count === 0) return;
    yield* this.settle();
    const { only, builder } = this;
    this.builder = new PackBuilder(this.capacity);
    this.only = undefined;
    this.pending = only === undefined ? this.storePack(builder) : this.storeOne(only);
    // Its failure surfaces where it is waited for; until then it must not count as unhandled.
    this.pending.catch(() => undefined);
  }

  private async *settle(): AsyncGenerator<StoreEvent> {
    const { pending } = this;
    if (pending === undefined) return;
    const stored = await pending;
    this.pending = undefined;
    yield { kind: 'stored', stored };
  }

  private async *storeWhole(file: LocalFile): AsyncGenerator<StoreEvent> {
    try {
      const stored = await this.client.storeFile(file.path, file.name, this.terms(file.name));
      yield { kind: 'stored', stored: toFiles(file.name, stored) };
    } catch (error) {
      if (!isUnreadable(error)) throw error;
      yield { kind: 'failed', file, error };
    }
  }

  private storePack(builder: PackBuilder): Promise<StoredFiles> {
    const pack = builder.finish();
    const name = `${pack.members.length} small files`;
    return this.client.storePack(pack, this.terms(name));
  }

  private async storeOne({ name, plain, modifiedAtMs }: NewMember): Promise<StoredFiles> {
    const source = { ...memorySource(plain), modifiedAtMs };
    return toFiles(name, await this.client.storeSource(source, name, this.terms(name)));
  }

  /** An empty file takes no room: it is an entry, and nothing else. */
  private async storeEmpty({ name, modifiedAtMs }: NewMember): Promise<StoredFiles> {
    const { context } = this.client;
    const { profile, epochs, fragmentSize = defaultFragmentSizeBytes } = this.options;
    const { tip, burnPerGiBEpoch } = await context.ledger.status();
    const entry: FileEntry = {
      path: name,
      sizeBytes: 0n,
      modifiedAt: BigInt(modifiedAtMs),
      storedAt: BigInt(context.nowMs()),
      paidUntilHeight: BigInt(tip.height + epochs * context.params.contract.epochBlocks),
      manifest: emptyManifest(profile, fragmentSize),
    };
    const prices = { burnPerGiBEpoch: BigInt(burnPerGiBEpoch) };
    const quote = quoteContracts(context.params, prices, [], epochs);
    return { name, entries: [entry], quote, contracts: [] };
  }

  private terms(name: string): StoreOptions {
    const { onProgress, ...terms } = this.options;
    return { ...terms, onProgress: (progress) => onProgress?.(name, progress) };
  }
}

/** A small file as it is now, or why it cannot be read. */
async function readSmall(file: LocalFile, limit: number): Promise<NewMember | AppError> {
  try {
    const source = await openSource(file.path);
    try {
      if (source.sizeBytes > limit) return grew(file, source.sizeBytes);
      const plain = await source.read(source.sizeBytes);
      await source.assertUnchanged();
      return { name: file.name, plain, modifiedAtMs: source.modifiedAtMs };
    } finally {
      await source.close();
    }
  } catch (error) {
    if (isUnreadable(error)) return error;
    throw error;
  }
}

function emptyManifest(profile: RedundancyProfile, fragmentSize: number): Uint8Array {
  return encodeManifest({
    sizeBytes: 0,
    profile,
    fragmentSize,
    contentKey: new Uint8Array(randomBytes(32)),
    repairKey: new Uint8Array(randomBytes(32)),
    fileHash: createFileHash().digest(),
    segments: [],
  });
}

function toFiles(name: string, { entry, quote, contracts }: StoredBytes): StoredFiles {
  return { name, entries: [entry], quote, contracts };
}

function isUnreadable(error: unknown): error is AppError {
  return error instanceof AppError && error.code.startsWith('source/');
}

function grew({ name, sizeBytes }: LocalFile, now: number): AppError {
  return new AppError({
    code: 'source/changed',
    message: `'${name}' grew from ${sizeBytes} to ${now} bytes before it was read.`,
    next: 'Run the command again once nobody writes to the file.',
  });
}
