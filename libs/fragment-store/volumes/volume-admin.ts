import { realpath, stat } from 'node:fs/promises';
import { isAbsolute, relative } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { AppError } from '#errors';
import type { Volume } from './volume.js';
import { readVolumeMarker } from './volume-marker.js';
import { type ConfiguredVolume, newEntry, newVolumeId, type VolumeRegistry } from './volume-registry.js';
import type { VolumeScrubs } from './volume-scrubs.js';
import type { VolumeSet } from './volume-set.js';
import type { VolumeMode, VolumeView } from './volume-view.js';

/** Uploads under way to a volume that is removed may take so long. */
const UPLOADS_MS = 30_000;

/** What an operator does with volumes. All of it survives a restart. */
export class VolumeAdmin {
  readonly #set: VolumeSet;
  readonly #scrubs: VolumeScrubs;

  constructor(set: VolumeSet, scrubs: VolumeScrubs) {
    this.#set = set;
    this.#scrubs = scrubs;
  }

  get #registry(): VolumeRegistry {
    return this.#set.registry;
  }

  list(): VolumeView[] {
    return this.#registry.volumes.map((volume) => this.#view(volume));
  }

  /**
   * Takes a folder as a volume, with the fragments that are in it. Answers what it is now.
   * @throws AppError `volume/path`, `volume/known`, `volume/nested`, `volume/other-provider`, `volume/capacity`
   */
  async add({ path: given, capacityBytes }: ConfiguredVolume): Promise<VolumeView> {
    assertCapacity(capacityBytes);
    const path = await realFolder(given);
    const marker = await readVolumeMarker(path);
    const { owner } = this.#registry.options;
    if (marker?.owner !== undefined && marker.owner !== owner) {
      throw volumeError('other-provider', `${path} has the fragments of another provider, ${marker.owner}`, {
        next: 'name a folder of its own',
        data: { path },
      });
    }
    const known = this.#registry.volumes.find(({ id }) => id === marker?.id);
    if (known?.isHere === true) {
      throw volumeError('known', `${path} is the volume ${known.id} already`, {
        next: 'see `cairn provider volume list`',
        data: { path, volume: known.id },
      });
    }
    if (known !== undefined) return this.#moveTo(known, path, capacityBytes);
    this.#assertApart(path);
    const id = marker?.id ?? newVolumeId();
    const volume = this.#registry.add(newEntry({ id, path, capacityBytes, isConfigured: false }));
    await volume.look();
    if (!volume.isHere) {
      await this.#registry.drop(volume);
      throw volumeError('path', volume.why ?? `${path} cannot be used`, {
        next: 'give this user the right to read and write the folder',
        data: { path },
      });
    }
    return this.#changed(volume, 'volume added');
  }

  /**
   * Gives a volume another capacity. What it holds beyond that moves to the others.
   * @throws AppError `volume/unknown`, `volume/capacity`, `volume/no-room`
   */
  async resize(id: string, capacityBytes: number): Promise<VolumeView> {
    assertCapacity(capacityBytes);
    const volume = this.find(id);
    this.#assertRoom(volume, volume.allocatedBytes - capacityBytes);
    volume.entry.isConfigured = false;
    volume.setCapacityBytes(capacityBytes);
    return this.#changed(volume, 'volume resized');
  }

  /**
   * Makes a volume take fragments, only give them out, or be emptied.
   * @throws AppError `volume/unknown`, `volume/no-room`
   */
  async setMode(id: string, mode: VolumeMode): Promise<VolumeView> {
    const volume = this.find(id);
    if (mode === 'draining' && volume.isHere) this.#assertRoom(volume, volume.allocatedBytes);
    volume.entry.mode = mode;
    delete volume.entry.why;
    if (mode === 'active') volume.diskErrors = 0;
    return this.#changed(volume, `volume is ${mode}`);
  }

  /** Reads everything on a volume again, now; the view shows how far it is. @throws AppError `volume/unknown`, `disk/not-mounted` */
  async verify(id: string): Promise<VolumeView> {
    const volume = this.find(id);
    await volume.look();
    if (!volume.isHere) throw volume.awayError();
    void this.#scrubs.verify(volume);
    return this.#view(volume);
  }

  /**
   * Forgets a volume. Its folder stays as it is; adding it again brings the fragments back.
   * @throws AppError `volume/unknown`, `volume/last`, `volume/not-empty` unless `isLossAccepted`, `volume/busy`
   */
  async remove(id: string, isLossAccepted = false): Promise<VolumeView> {
    const volume = this.find(id);
    if (this.#registry.volumes.length === 1) {
      throw volumeError('last', `${volume.entry.path} is the only volume`, {
        next: 'add another one first',
        data: { volume: volume.id },
      });
    }
    if (!isLossAccepted) assertEmpty(volume);
    const { mode } = volume.entry;
    await this.#waitForUploads(volume);
    // What was on its way is there now, and a receipt may have been signed for it.
    try {
      if (!isLossAccepted) assertEmpty(volume);
    } catch (error) {
      volume.entry.mode = mode;
      throw error;
    }
    const { fragments } = volume;
    const view = this.#view(volume);
    await this.#registry.drop(volume);
    await this.#registry.save();
    this.#registry.options.logger.warn(
      { volume: volume.id, path: volume.entry.path, fragments },
      'volume removed',
    );
    return view;
  }

  /** The volume of an id, the first digits of one, or a path. @throws AppError `volume/unknown`, `volume/ambiguous` */
  find(name: string): Volume {
    const found = this.#registry.volumes.filter(
      ({ id, entry }) => entry.path === name || (/^[0-9a-f]{4,}$/.test(name) && id.startsWith(name)),
    );
    if (found.length === 1) return found[0] as Volume;
    const next = 'see `cairn provider volume list` for the ids';
    throw found.length === 0
      ? volumeError('unknown', `there is no volume ${name}`, { next, data: { volume: name } })
      : volumeError('ambiguous', `${found.length} volumes begin with ${name}`, {
          next,
          data: { volume: name },
        });
  }

  #view(volume: Volume): VolumeView {
    const { entry } = volume;
    const damaged = [...volume.damage.values()];
    const count = (damage: string): number => damaged.filter((each) => each === damage).length;
    return {
      id: volume.id,
      path: entry.path,
      state: volume.state,
      mode: entry.mode,
      why: volume.why ?? null,
      capacityBytes: entry.capacityBytes,
      fragments: volume.fragments,
      usedBytes: volume.usedBytes,
      allocatedBytes: volume.allocatedBytes,
      diskFreeBytes: volume.diskFreeBytes ?? null,
      reserveBytes: volume.reserveBytes,
      roomBytes: volume.placeBytes,
      rotten: count('rotten'),
      lost: count('lost'),
      unreadable: count('unreadable'),
      diskErrors: volume.diskErrors,
      readLatencyMs: volume.readLatency.averageMs,
      writeLatencyMs: volume.writeLatency.averageMs,
      move: this.#set.mover.viewOf(volume) ?? null,
      scrub: { running: entry.scrub.running ?? null, last: entry.scrub.last ?? null },
    };
  }

  /** A disk that was mounted elsewhere is the same volume. */
  async #moveTo(volume: Volume, path: string, capacityBytes: number): Promise<VolumeView> {
    volume.entry.path = path;
    volume.entry.isConfigured = false;
    volume.setCapacityBytes(capacityBytes);
    await volume.look();
    return this.#changed(volume, 'volume found at another path');
  }

  async #changed(volume: Volume, message: string): Promise<VolumeView> {
    const { path, mode, capacityBytes } = volume.entry;
    this.#registry.options.logger.info({ volume: volume.id, path, mode, capacityBytes }, message);
    await this.#registry.save();
    this.#registry.tell();
    return this.#view(volume);
  }

  #assertRoom(volume: Volume, neededBytes: number): void {
    const roomBytes = this.#registry.roomBytes(volume);
    if (neededBytes <= roomBytes) return;
    throw volumeError(
      'no-room',
      `${neededBytes} bytes would have to move from ${volume.entry.path}, and the other volumes have room for ${roomBytes}`,
      {
        next: 'add a volume or enlarge one first',
        data: { volume: volume.id, neededBytes, roomBytes },
      },
    );
  }

  /** One inside another would count the same files twice. */
  #assertApart(path: string): void {
    for (const { id, entry } of this.#registry.volumes) {
      if (!isInside(path, entry.path) && !isInside(entry.path, path)) continue;
      throw volumeError('nested', `${path} and the volume at ${entry.path} lie in each other`, {
        next: 'name a folder of its own, best on a disk of its own',
        data: { path, volume: id },
      });
    }
  }

  /** Nothing new is put there, and what is on its way ends. */
  async #waitForUploads(volume: Volume): Promise<void> {
    if (volume.entry.mode === 'active') volume.entry.mode = 'read-only';
    const deadline = Date.now() + UPLOADS_MS;
    while (volume.isHere && (volume.store?.incomingBytes() ?? 0) > 0) {
      if (Date.now() > deadline) {
        throw volumeError('busy', `uploads to ${volume.entry.path} are under way`, {
          next: 'try again in a minute; nothing new is put there',
          data: { volume: volume.id },
        });
      }
      await sleep(50);
    }
  }
}

function assertEmpty(volume: Volume): void {
  const { fragments, usedBytes } = volume;
  if (fragments === 0 && usedBytes === 0) return;
  throw volumeError('not-empty', `${volume.entry.path} holds ${fragments} fragments, ${usedBytes} bytes`, {
    next: 'drain it first, or accept that they are lost',
    data: { volume: volume.id, fragments, usedBytes },
  });
}

function isInside(path: string, folder: string): boolean {
  const way = relative(folder, path);
  return !way.startsWith('..') && !isAbsolute(way);
}

async function realFolder(given: string): Promise<string> {
  const next = 'name a folder that exists, as an absolute path: of a disk, where it is mounted';
  if (!isAbsolute(given))
    throw volumeError('path', `${given} is no absolute path`, { next, data: { path: given } });
  try {
    const path = await realpath(given);
    if ((await stat(path)).isDirectory()) return path;
  } catch (cause) {
    const { code = 'unknown' } = cause as NodeJS.ErrnoException;
    throw volumeError('path', `${given} cannot be used: ${code}`, { next, data: { path: given }, cause });
  }
  throw volumeError('path', `${given} is no folder`, { next, data: { path: given } });
}

const LEAST_CAPACITY_BYTES = 2 ** 20;

function assertCapacity(capacityBytes: number): void {
  if (Number.isSafeInteger(capacityBytes) && capacityBytes >= LEAST_CAPACITY_BYTES) return;
  throw volumeError('capacity', `a volume cannot have a capacity of ${capacityBytes} bytes`, {
    next: `give at least ${LEAST_CAPACITY_BYTES} bytes`,
    data: { capacityBytes },
  });
}

function volumeError(
  what: string,
  message: string,
  details: { next: string; data: Record<string, unknown>; cause?: unknown },
): AppError {
  return new AppError({ code: `volume/${what}`, message, ...details });
}
