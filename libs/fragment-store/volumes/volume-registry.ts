import { randomBytes } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { FragmentId } from '#chain';
import type { Logger } from '#logging';
import { Volume, type VolumeEvents, type VolumeOptions } from './volume.js';
import { readVolumeList, type VolumeEntry, type VolumeList, writeVolumeList } from './volume-list.js';
import { readVolumeMarker } from './volume-marker.js';
import type { OnDamage } from './volume-view.js';

/** A volume that the settings name. */
export interface ConfiguredVolume {
  readonly path: string;
  readonly capacityBytes: number;
}

export interface VolumeRegistryOptions extends VolumeOptions {
  /** Where the list of volumes is kept. */
  readonly listFile: string;
  /** The first is the provider's own folder, made when it is new; the others must exist. */
  readonly configured: readonly [ConfiguredVolume, ...ConfiguredVolume[]];
  /** Whether no fragment should be in the first folder: without a marker it is new then, otherwise its disk is away. */
  readonly isExpectedEmpty: () => Promise<boolean>;
  readonly onDamage: OnDamage;
  readonly logger: Pick<Logger, 'info' | 'warn' | 'error'>;
}

/** Steps of the disk's free space that the offer follows: it must not change with every file of another program. */
const OFFER_STEPS = 16;

/** The volumes of a provider, and what is remembered of them. */
export class VolumeRegistry {
  readonly #options: VolumeRegistryOptions;
  readonly #events: VolumeEvents;
  readonly #offered = new Map<string, number>();
  readonly #listeners: (() => void)[] = [];
  #volumes: Volume[] = [];
  #removed: string[] = [];
  #saving: Promise<void> = Promise.resolve();

  private constructor(options: VolumeRegistryOptions) {
    this.#options = options;
    this.#events = {
      changed: (volume, message) => this.#changed(volume, message),
      damaged: (id, damage, volume) => this.#damaged(id, damage, volume),
      isExpectedEmpty: async (volume) =>
        volume.entry.path !== resolve(options.configured[0].path) || (await options.isExpectedEmpty()),
    };
  }

  /**
   * Opens the volumes of the list and of the settings; one that is away is waited for.
   * @throws AppError `volume/list-damaged`
   */
  static async open(options: VolumeRegistryOptions): Promise<VolumeRegistry> {
    const registry = new VolumeRegistry(options);
    const list = await readVolumeList(options.listFile);
    await registry.#load(list ?? { version: 1, volumes: [], removed: [] });
    // New ones one after the other: a folder named twice is marked by the first, and the second finds it taken.
    for (const volume of registry.#volumes) if (!volume.entry.isMarked) await volume.look();
    await registry.look();
    await registry.save();
    return registry;
  }

  get volumes(): readonly Volume[] {
    return this.#volumes;
  }

  get options(): VolumeRegistryOptions {
    return this.#options;
  }

  /** Called whenever a volume comes, goes or changes its state. */
  onChange(listener: () => void): void {
    this.#listeners.push(listener);
  }

  /** Looks at every disk. */
  async look(): Promise<void> {
    await Promise.all(this.#volumes.map((volume) => volume.look()));
  }

  /** Those that surely or perhaps hold a fragment, the best to read from first. */
  holders(id: FragmentId): Volume[] {
    const order = ['active', 'read-only', 'draining'];
    return this.#volumes
      .filter((volume) => volume.holds(id))
      .sort((a, b) => Number(b.isHere) - Number(a.isHere) || order.indexOf(a.state) - order.indexOf(b.state));
  }

  /** A volume that is away and of which it is not known what it holds. */
  unknown(): Volume | undefined {
    return this.#volumes.find((volume) => !volume.isKnown);
  }

  /** Where a new fragment goes: to the volume with the largest share free. */
  place(lengthBytes: number, except?: Volume): Volume | undefined {
    let best: Volume | undefined;
    let most = -1;
    for (const volume of this.#volumes) {
      if (volume === except || !volume.isWritable) continue;
      const place = volume.placeBytes;
      if (place < (volume.store?.costOf(lengthBytes) ?? lengthBytes)) continue;
      // Of what it can hold: a disk with less space than its capacity says is not passed over for that.
      const share = place / (place + volume.allocatedBytes + (volume.store?.incomingBytes() ?? 0));
      if (share > most) [best, most] = [volume, share];
    }
    return best;
  }

  /** What may still be promised: free on writable volumes, without what those that are emptied will need. */
  roomBytes(except?: Volume): number {
    const free = new Map<number, { left: number; disk: number }>();
    let moving = 0;
    for (const volume of this.#volumes) {
      if (volume === except) continue;
      if (volume.entry.mode === 'draining') moving += volume.allocatedBytes;
      if (!volume.isWritable) continue;
      moving += Math.max(0, volume.allocatedBytes - volume.entry.capacityBytes);
      const group = free.get(volume.device) ?? { left: 0, disk: volume.diskRoomBytes };
      group.left += volume.capacityLeftBytes;
      free.set(volume.device, group);
    }
    const room = [...free.values()].reduce((sum, { left, disk }) => sum + Math.min(left, disk), 0);
    return Math.max(0, room - moving);
  }

  /** What is offered: all of the writable volumes, of the others what they hold, nothing of those that are emptied. */
  offeredBytes(): number {
    return this.#volumes.reduce((sum, volume) => {
      if (volume.isWritable) return sum + this.#usable(volume);
      return volume.entry.mode === 'draining' ? sum : sum + volume.usedBytes;
    }, 0);
  }

  add(entry: VolumeEntry): Volume {
    const volume = new Volume(entry, this.#options, this.#events);
    this.#volumes.push(volume);
    this.#removed = this.#removed.filter((path) => path !== entry.path);
    return volume;
  }

  async drop(volume: Volume): Promise<void> {
    this.#volumes = this.#volumes.filter((each) => each !== volume);
    const isConfigured = this.#options.configured.some(({ path }) => resolve(path) === volume.entry.path);
    if (isConfigured) this.#removed.push(volume.entry.path);
    await volume.close();
    this.tell();
  }

  tell(): void {
    for (const listener of this.#listeners) listener();
  }

  /** Writes the list down. */
  save(): Promise<void> {
    this.#saving = this.#saving
      .catch(() => undefined)
      .then(() => {
        for (const { entry, usedBytes } of this.#volumes) entry.usedBytes = usedBytes;
        const volumes = this.#volumes.map(({ entry }) => entry);
        return writeVolumeList(this.#options.listFile, { version: 1, volumes, removed: this.#removed });
      });
    return this.#saving;
  }

  /** As `save`, for what runs by itself: a full disk under the list ends neither a pass nor a move. */
  async trySave(): Promise<void> {
    await this.save().catch((error: unknown) =>
      this.#options.logger.error({ err: error }, 'list of volumes not written'),
    );
  }

  async close(): Promise<void> {
    await Promise.all(this.#volumes.map((volume) => volume.close()));
    await this.save();
  }

  async #load(list: VolumeList): Promise<void> {
    this.#removed = [...list.removed];
    for (const entry of list.volumes) this.add(entry);
    for (const [at, { path: given, capacityBytes }] of this.#options.configured.entries()) {
      const path = resolve(given);
      const known = this.#volumes.find((volume) => volume.entry.path === path);
      if (known?.entry.isConfigured === true) known.setCapacityBytes(capacityBytes);
      if (known !== undefined || list.removed.includes(path)) continue;
      if (at === 0 && (await this.#options.isExpectedEmpty())) await mkdir(path, { recursive: true });
      const marker = await readVolumeMarker(path).catch(() => undefined);
      const owner = this.#volumes.find(({ id }) => id === marker?.id);
      if (owner !== undefined && !(await isMarkedAs(owner.entry.path, owner.id))) {
        // It lies here now: the data folder was moved, or restored elsewhere.
        owner.entry.path = path;
        if (owner.entry.isConfigured) owner.setCapacityBytes(capacityBytes);
        continue;
      }
      const id = marker?.id === undefined || owner !== undefined ? newVolumeId() : marker.id;
      this.add(newEntry({ id, path, capacityBytes, isConfigured: true }));
    }
  }

  /** What a writable volume can keep: its capacity, less where the disk has not that much, in steps. */
  #usable(volume: Volume): number {
    const { capacityBytes } = volume.entry;
    const possible = volume.allocatedBytes + volume.diskRoomBytes;
    if (possible >= capacityBytes) {
      this.#offered.delete(volume.id);
      return capacityBytes;
    }
    // Of the disk where that is the smaller: in steps of a capacity far beyond it nothing would ever be offered.
    const whole = Math.min(capacityBytes, volume.diskTotalBytes || capacityBytes);
    const step = Math.max(1, Math.floor(whole / OFFER_STEPS));
    const before = this.#offered.get(volume.id);
    const steps = Math.floor(possible / step);
    // Up again only after two steps: files that come and go must not be announced.
    const offered = before === undefined || steps < before || steps > before + 1 ? steps : before;
    this.#offered.set(volume.id, offered);
    return offered * step;
  }

  #changed(volume: Volume, message: string): void {
    const { id, path } = volume.entry;
    const fields = { volume: id, path, state: volume.state };
    const { logger } = this.#options;
    if (volume.isHere && volume.entry.why === undefined) logger.info(fields, `volume ${message}`);
    else logger.error(fields, `volume: ${message}`);
    void this.trySave();
    this.tell();
  }

  async #damaged(...[id, damage, volume]: Parameters<VolumeEvents['damaged']>): Promise<void> {
    const fields = { fragment: id, volume: volume.id, path: volume.entry.path };
    this.#options.logger.error(fields, `a stored fragment is ${damage}`);
    await this.#options.onDamage(id, damage, volume.id);
  }
}

async function isMarkedAs(path: string, id: string): Promise<boolean> {
  return (await readVolumeMarker(path).catch(() => undefined))?.id === id;
}

/** A volume that nothing is known of yet. */
export function newEntry(
  known: Pick<VolumeEntry, 'id' | 'path' | 'capacityBytes' | 'isConfigured'>,
): VolumeEntry {
  return { ...known, mode: 'active', isMarked: false, usedBytes: 0, scrub: {} };
}

/** Sixteen random bytes, hex. */
export function newVolumeId(): string {
  return randomBytes(16).toString('hex');
}
