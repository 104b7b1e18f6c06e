import type { Readable } from 'node:stream';
import type { FragmentId } from '#chain';
import { AppError, accepted, type Result, refused } from '#errors';
import { SHARD_COUNT } from '../fragment-index.js';
import {
  type ByteRange,
  type FragmentSource,
  type FragmentStore,
  isFragmentId,
  type StoredFragment,
} from '../fragment-store.js';
import { Turns } from './turns.js';
import type { Volume } from './volume.js';
import { VolumeMover } from './volume-mover.js';
import { VolumeRegistry, type VolumeRegistryOptions } from './volume-registry.js';

export interface VolumeSetOptions extends VolumeRegistryOptions {
  /** At this rate fragments move from a volume that is emptied. */
  readonly moveBytesPerSecond: number;
  /** Disks are looked at this often. */
  readonly lookMs: number;
}

/**
 * Opens the volumes of a provider as one store. Disks that are away are waited for.
 * @throws AppError `volume/list-damaged`
 */
export async function openVolumeSet(options: VolumeSetOptions): Promise<VolumeSet> {
  return new VolumeSet(await VolumeRegistry.open(options), options);
}

/**
 * A fragment store over several volumes. A fragment is on one of them, which is known from memory; while it moves, and
 * after a crash, it may be on two. One whose disk is away is neither here nor lost: asking for it fails with
 * `disk/not-mounted`.
 */
export class VolumeSet implements FragmentStore {
  readonly registry: VolumeRegistry;
  readonly mover: VolumeMover;
  readonly #turns = new Turns<FragmentId>();
  readonly #watch: NodeJS.Timeout;
  #closing: Promise<void> | undefined;

  constructor(registry: VolumeRegistry, options: VolumeSetOptions) {
    this.registry = registry;
    this.mover = new VolumeMover(registry, this.#turns, options.moveBytesPerSecond);
    this.#watch = setInterval(() => {
      void registry.look();
    }, options.lookMs);
    this.#watch.unref();
    this.mover.start();
  }

  async put(
    id: FragmentId,
    source: FragmentSource,
    expectedLengthBytes: number,
  ): Promise<Result<StoredFragment>> {
    if (!isFragmentId(id)) return refused({ rule: 'fragment/id', id });
    const volume = this.#placeFor(id, expectedLengthBytes);
    const staged = await volume.stage(id, source, expectedLengthBytes);
    if (!staged.ok) return staged;
    return accepted(
      await this.#turns.take(id, async () => {
        const stored = await volume.commit(staged.value, id);
        await this.#dropCopies(id, volume);
        return stored;
      }),
    );
  }

  async open(
    id: FragmentId,
    range?: ByteRange,
  ): Promise<{ lengthBytes: number; stream: Readable } | undefined> {
    return this.#fromHolder(id, (volume) => volume.open(id, range));
  }

  async read(
    id: FragmentId,
    allocate?: (sizeBytes: number) => Uint8Array,
  ): Promise<Result<Uint8Array> | undefined> {
    return this.#fromHolder(id, async (volume, isLast) => {
      const read = await volume.read(id, allocate);
      return read?.ok === false && !isLast ? undefined : read;
    });
  }

  /** Whether it can be read now: what is on a disk that is away is not had, and not lost (`isAway`). */
  async has(id: FragmentId): Promise<boolean> {
    return (await this.stat(id)) !== undefined;
  }

  async stat(id: FragmentId): Promise<StoredFragment | undefined> {
    if (!isFragmentId(id)) return undefined;
    const volume = this.registry.holders(id)[0] ?? (await this.#recover(id));
    const entry = volume?.isHere === true ? volume.store?.find(id) : undefined;
    return entry === undefined ? undefined : { id, lengthBytes: entry.lengthBytes };
  }

  /** Whether a fragment that is not here may be on a disk that is away. */
  isAway(id: FragmentId): boolean {
    const [best] = this.registry.holders(id);
    return best === undefined ? this.registry.unknown() !== undefined : !best.isHere;
  }

  /** False when it was not here, or could not be removed: the sweep of what nobody needs comes again. */
  async remove(id: FragmentId): Promise<boolean> {
    if (!isFragmentId(id)) return false;
    return this.#turns.take(id, async () => {
      let isRemoved = false;
      for (const volume of this.registry.holders(id)) {
        isRemoved = (await removeIfPossible(volume, id)) || isRemoved;
      }
      return isRemoved;
    });
  }

  async *list(): AsyncIterable<StoredFragment> {
    for (let shard = 0; shard < SHARD_COUNT; shard++) {
      const all = this.registry.volumes.flatMap((volume) => volume.store?.idsOf(shard) ?? []);
      for (const id of [...new Set(all)].sort()) {
        const entry = this.registry.holders(id)[0]?.store?.find(id);
        if (entry !== undefined) yield { id, lengthBytes: entry.lengthBytes };
      }
    }
  }

  usedBytes(): number {
    return this.registry.volumes.reduce((sum, volume) => sum + volume.usedBytes, 0);
  }

  /** What may be promised: all of the writable volumes, and what the others hold. */
  capacityBytes(): number {
    return this.registry.offeredBytes();
  }

  /** What may still be promised: free, and not needed for what moves. */
  roomBytes(): number {
    return this.registry.roomBytes();
  }

  /** Of all disks that are here; volumes on one disk share its space. */
  async diskFreeBytes(): Promise<number> {
    await this.registry.look();
    const disks = new Map<number, number>();
    for (const volume of this.registry.volumes) {
      if (volume.diskFreeBytes !== undefined) disks.set(volume.device, volume.diskFreeBytes);
    }
    return [...disks.values()].reduce((sum, bytes) => sum + bytes, 0);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    clearInterval(this.#watch);
    await this.mover.stop();
    await this.registry.close();
  }

  /** Where it is already, so that one copy is healed and not two kept; otherwise the volume with the most room. */
  #placeFor(id: FragmentId, lengthBytes: number): Volume {
    const cost = (volume: Volume): number => volume.store?.costOf(lengthBytes) ?? lengthBytes;
    const volume =
      this.registry.holders(id).find((each) => each.isWritable && each.placeBytes >= cost(each)) ??
      this.registry.place(lengthBytes);
    if (volume !== undefined) return volume;
    const capacityBytes = this.capacityBytes();
    const usedBytes = this.usedBytes();
    throw new AppError({
      code: 'fragment-store/full',
      message: `${lengthBytes} bytes do not fit: no volume that takes fragments has room for them, ${usedBytes} of ${capacityBytes} bytes are taken`,
      next: 'store elsewhere, or let the provider add a volume',
      data: { lengthBytes, usedBytes, capacityBytes },
    });
  }

  /** Asks the holders until one has it; it may move to another while it is looked for. */
  async #fromHolder<T>(
    id: FragmentId,
    ask: (volume: Volume, isLast: boolean) => Promise<T | undefined>,
  ): Promise<T | undefined> {
    if (!isFragmentId(id)) return undefined;
    const asked = new Set<Volume>();
    for (;;) {
      const left = this.registry.holders(id).filter((volume) => !asked.has(volume));
      const here = left.find((volume) => volume.isHere);
      if (here === undefined) {
        const away = left[0] ?? this.registry.unknown();
        if (away !== undefined) throw away.awayError();
        const back = await this.#recover(id);
        if (back === undefined || asked.has(back)) return undefined;
        continue;
      }
      asked.add(here);
      const found = await ask(here, left.length === 1);
      if (found !== undefined) return found;
    }
  }

  async #recover(id: FragmentId): Promise<Volume | undefined> {
    for (const volume of this.registry.volumes) if (await volume.recover(id)) return volume;
    return undefined;
  }

  async #dropCopies(id: FragmentId, except: Volume): Promise<void> {
    for (const volume of this.registry.holders(id)) {
      if (volume !== except) await removeIfPossible(volume, id);
    }
  }
}

/** A disk that is away or failing keeps what it has; nobody waits for it. */
async function removeIfPossible(volume: Volume, id: FragmentId): Promise<boolean> {
  if (!volume.isHere) return false;
  try {
    return await volume.remove(id);
  } catch (error) {
    if (error instanceof AppError) return false;
    throw error;
  }
}
