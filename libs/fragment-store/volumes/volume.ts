import { stat } from 'node:fs/promises';
import type { FragmentId } from '#chain';
import { AppError, accepted, type Result } from '#errors';
import {
  createFileFragmentStore,
  type FileFragmentStore,
  type StagedFragment,
} from '../file-fragment-store.js';
import type { ByteRange, FragmentSource, StoredFragment } from '../fragment-store.js';
import { LatencyMeter } from './latency-meter.js';
import type { VolumeEntry } from './volume-list.js';
import { hasFragments, readVolumeMarker, writeVolumeMarker } from './volume-marker.js';
import type { Damage, VolumeState } from './volume-view.js';

/** What a volume tells whoever keeps it. */
export interface VolumeEvents {
  /** Its entry has changed by itself. */
  changed(volume: Volume, message: string): void;
  /** A fragment was found damaged. */
  damaged(id: FragmentId, damage: Damage, volume: Volume): Promise<void>;
  /** Whether fragments should be somewhere: a folder without a marker may be an empty mount point. */
  isExpectedEmpty(volume: Volume): Promise<boolean>;
}

export interface VolumeOptions {
  /** Public key of the provider, hex. */
  readonly owner: string;
  /** Errors of the disk after which nothing more is written to it. */
  readonly maxDiskErrors: number;
}

interface Trouble {
  readonly state: 'offline' | 'failed';
  readonly why: string;
}

/** Of the disk: 1/32, at most 1 GiB, stays free for what is not counted and for other programs. */
const RESERVE_SHARE = 32;
const MAX_RESERVE_BYTES = 2 ** 30;

/** What this process ran out of says nothing about the disk. */
const OWN_LIMITS = ['EMFILE', 'ENFILE', 'ENOMEM', 'EAGAIN'];

/** One folder on one disk: whether it is there, what it may take, and what its disk answers. */
export class Volume {
  readonly entry: VolumeEntry;
  readonly readLatency = new LatencyMeter();
  readonly writeLatency = new LatencyMeter();
  readonly damage = new Map<FragmentId, Damage>();
  readonly #options: VolumeOptions;
  readonly #events: VolumeEvents;
  #store: FileFragmentStore | undefined;
  #trouble: Trouble | undefined;
  #looking: Promise<void> | undefined;
  #space = { freeBytes: 0, totalBytes: 0, device: 0 };
  diskErrors = 0;

  constructor(entry: VolumeEntry, options: VolumeOptions, events: VolumeEvents) {
    this.entry = entry;
    this.#options = options;
    this.#events = events;
    this.#trouble = { state: 'offline', why: `the volume ${entry.path} was not looked at yet` };
  }

  get id(): string {
    return this.entry.id;
  }

  get state(): VolumeState {
    return this.#trouble?.state ?? this.entry.mode;
  }

  /** Why it is away, or read-only without having been told to be. */
  get why(): string | undefined {
    return this.#trouble?.why ?? this.entry.why;
  }

  get isHere(): boolean {
    return this.#trouble === undefined;
  }

  get isWritable(): boolean {
    return this.isHere && this.entry.mode === 'active';
  }

  /** Whether it is known which fragments it has, also while it is away. */
  get isKnown(): boolean {
    return this.#store !== undefined;
  }

  /** Where the fragments are known to be; a disk that is away keeps the one it had. */
  get store(): FileFragmentStore | undefined {
    return this.#store;
  }

  /** File system it is on: volumes on one share its space. */
  get device(): number {
    return this.#space.device;
  }

  /** Free for this provider: what is kept free is taken off. */
  get diskRoomBytes(): number {
    return Math.max(0, this.#space.freeBytes - this.reserveBytes);
  }

  /** Of its file system; 0 as long as it was not looked at. */
  get diskTotalBytes(): number {
    return this.#space.totalBytes;
  }

  get diskFreeBytes(): number | undefined {
    return this.isHere ? this.#space.freeBytes : undefined;
  }

  get reserveBytes(): number {
    return Math.min(MAX_RESERVE_BYTES, Math.floor(this.#space.totalBytes / RESERVE_SHARE));
  }

  get usedBytes(): number {
    return this.#store?.usedBytes() ?? this.entry.usedBytes;
  }

  get allocatedBytes(): number {
    return this.#store?.allocatedBytes() ?? this.entry.usedBytes;
  }

  get fragments(): number {
    return this.#store?.count ?? 0;
  }

  /** Of its capacity, uploads on their way not counted. */
  get capacityLeftBytes(): number {
    return Math.max(0, this.entry.capacityBytes - this.allocatedBytes);
  }

  /** What one more upload may take now. */
  get placeBytes(): number {
    if (!this.isWritable || this.#store === undefined) return 0;
    const incoming = this.#store.incomingBytes();
    return Math.max(0, Math.min(this.capacityLeftBytes, this.diskRoomBytes) - incoming);
  }

  holds(id: FragmentId): boolean {
    return this.#store?.find(id) !== undefined;
  }

  setCapacityBytes(capacityBytes: number): void {
    this.entry.capacityBytes = capacityBytes;
    this.#store?.setCapacityBytes(capacityBytes);
  }

  /** Looks whether the disk is there, and how full it is; opens the folder when it has come back. */
  look(): Promise<void> {
    this.#looking ??= this.#look().finally(() => {
      this.#looking = undefined;
    });
    return this.#looking;
  }

  stage(id: FragmentId, source: FragmentSource, lengthBytes: number): Promise<Result<StagedFragment>> {
    return this.#attempt(async (store) => {
      const staged = await store.stage(id, source, lengthBytes);
      if (!staged.ok) return staged;
      const { commit, discard } = staged.value;
      return accepted({
        discard,
        commit: async () => {
          if (store === this.#store) return commit();
          // The folder was opened anew meanwhile, which removed what was on its way.
          await discard();
          throw this.awayError();
        },
      });
    });
  }

  async commit(staged: StagedFragment, id: FragmentId): Promise<StoredFragment> {
    const stored = await this.#attempt(() => this.writeLatency.time(() => staged.commit()));
    this.damage.delete(id);
    return stored;
  }

  /** A fragment, hashed; undefined when it is gone, which is told after the disk was seen to be there. */
  async read(
    id: FragmentId,
    allocate?: (sizeBytes: number) => Uint8Array,
  ): Promise<Result<Uint8Array> | undefined> {
    const read = await this.#attempt((store) => this.readLatency.time(() => store.read(id, allocate)), id);
    if (read === undefined) await this.#missing(id);
    else if (!read.ok) await this.#note(id, 'rotten');
    else this.damage.delete(id);
    return read;
  }

  async open(id: FragmentId, range: ByteRange | undefined) {
    const opened = await this.#attempt((store) => store.open(id, range), id);
    if (opened === undefined) await this.#missing(id);
    return opened;
  }

  async remove(id: FragmentId): Promise<boolean> {
    const isRemoved = await this.#attempt((store) => store.remove(id));
    this.damage.delete(id);
    return isRemoved;
  }

  /** Whether a fragment found lost has come back: its operator may have put it there again. */
  async recover(id: FragmentId): Promise<boolean> {
    if (this.damage.get(id) !== 'lost' || !this.isHere) return false;
    return this.#attempt((store) => store.recover(id));
  }

  async close(): Promise<void> {
    await this.#looking;
    if (this.isHere) await this.#store?.close();
    else await this.#store?.abandon();
    this.entry.usedBytes = this.usedBytes;
    this.#trouble ??= { state: 'offline', why: `the volume ${this.entry.path} is closed` };
  }

  /** What is not here because its disk is not. */
  awayError(): AppError {
    return new AppError({
      code: 'disk/not-mounted',
      message: this.why ?? `the volume ${this.entry.path} is away`,
      next: 'try again later: the disk may come back',
      data: { volume: this.id, path: this.entry.path },
    });
  }

  async #look(): Promise<void> {
    const trouble = (await this.#findTrouble()) ?? (await this.#use());
    if (trouble === undefined) return;
    const isNew = this.#trouble?.why !== trouble.why;
    if (this.isHere) {
      this.entry.usedBytes = this.usedBytes;
      // Its handles are of a file system that is gone, and keep it from being let go.
      await this.#store?.abandon();
    }
    this.#trouble = trouble;
    if (isNew) this.#events.changed(this, trouble.why);
  }

  async #findTrouble(): Promise<Trouble | undefined> {
    const { path, id, isMarked } = this.entry;
    try {
      const marker = await readVolumeMarker(path);
      if (marker?.owner !== undefined && marker.owner !== this.#options.owner) {
        return {
          state: 'failed',
          why: `the folder ${path} has the fragments of another provider, ${marker.owner}`,
        };
      }
      if (marker?.id === id) {
        this.entry.isMarked = true;
        return undefined;
      }
      if (marker?.id !== undefined) {
        return { state: 'offline', why: `another volume, ${marker.id}, is mounted at ${path}` };
      }
      const isOurs =
        marker !== undefined ||
        (!isMarked && ((await hasFragments(path)) || (await this.#events.isExpectedEmpty(this))));
      if (!isOurs) {
        return { state: 'offline', why: `the volume with the fragments is not mounted at ${path}` };
      }
      await writeVolumeMarker(path, { id, owner: this.#options.owner });
      this.entry.isMarked = true;
      this.#events.changed(this, 'marked');
      return undefined;
    } catch (error) {
      const { code = 'unknown' } = error as NodeJS.ErrnoException;
      // Says nothing about the disk: as it was.
      if (OWN_LIMITS.includes(code) && this.isHere) return undefined;
      if (code === 'ENOENT') {
        return { state: 'offline', why: `the volume with the fragments is not mounted at ${path}` };
      }
      return {
        state: 'failed',
        why: `the folder of the fragments, ${path}, cannot be read or written: ${code}`,
      };
    }
  }

  /** Opens the folder where it has come back, and asks how full the disk is. */
  async #use(): Promise<Trouble | undefined> {
    const { path, capacityBytes } = this.entry;
    const before = this.#store;
    try {
      if (!this.isHere) this.#store = await createFileFragmentStore({ folder: path, capacityBytes });
      await this.#measure();
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      return { state: 'failed', why: `the volume ${path} cannot be used: ${why}` };
    }
    if (this.isHere) return undefined;
    if (before !== undefined) await before.abandon();
    this.#trouble = undefined;
    this.#events.changed(this, 'here');
    return undefined;
  }

  async #measure(): Promise<void> {
    const store = this.#store;
    if (store === undefined) return;
    const { freeBytes, totalBytes } = await store.space();
    const { dev } = await stat(this.entry.path);
    this.#space = { freeBytes, totalBytes, device: dev };
  }

  async #attempt<T>(step: (store: FileFragmentStore) => Promise<T>, reading?: FragmentId): Promise<T> {
    const store = this.#store;
    if (store === undefined || !this.isHere) throw this.awayError();
    try {
      return await step(store);
    } catch (error) {
      throw error instanceof AppError ? await this.#judge(error, reading) : error;
    }
  }

  /** What an error of the disk means: that it is away, full, or failing. */
  async #judge(error: AppError, reading: FragmentId | undefined): Promise<AppError> {
    if (error.code === 'fragment-store/disk-full') {
      this.#space = { ...this.#space, freeBytes: 0 };
      return error;
    }
    if (error.code !== 'fragment-store/failed') return error;
    const code = (error.cause as NodeJS.ErrnoException | undefined)?.code ?? '';
    if (OWN_LIMITS.includes(code)) return error;
    await this.look();
    if (!this.isHere) return this.awayError();
    this.diskErrors += 1;
    if (reading !== undefined) await this.#note(reading, 'unreadable');
    if (this.diskErrors >= this.#options.maxDiskErrors && this.entry.mode === 'active') {
      this.entry.mode = 'read-only';
      this.entry.why = `${this.diskErrors} errors of its disk, the last: ${error.message}`;
      this.#events.changed(this, this.entry.why);
    }
    return error;
  }

  /** A file that is not there: its disk is away, or the fragment is lost, or it was moved meanwhile. */
  async #missing(id: FragmentId): Promise<void> {
    if (!this.holds(id)) return;
    await this.look();
    if (!this.isHere) throw this.awayError();
    if (!this.holds(id)) return;
    this.#store?.forget(id);
    await this.#note(id, 'lost');
  }

  async #note(id: FragmentId, damage: Damage): Promise<void> {
    const isNew = this.damage.get(id) !== damage;
    this.damage.set(id, damage);
    if (isNew) await this.#events.damaged(id, damage, this);
  }
}
