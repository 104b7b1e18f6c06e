import { setTimeout as sleep } from 'node:timers/promises';
import type { FragmentId } from '#chain';
import { AppError } from '#errors';
import { SHARD_COUNT } from '../fragment-index.js';
import type { Volume } from './volume.js';
import type { VolumeRegistry } from './volume-registry.js';
import type { ScrubProgress, ScrubResult } from './volume-view.js';

const TICK_MS = 1_000;
/** Pause between two passes over a volume. */
const PASS_PAUSE_MS = 60_000;
/** How far a pass is, is written down this often. */
const SAVE_MS = 60_000;
/** What a folder holds is written down this often: 40 MB where it is a million fragments. */
const SAVE_INDEX_MS = 3_600_000;

export interface ScrubOptions {
  /** Of each volume; 0: only when asked to. */
  readonly bytesPerSecond: number;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Called with every fragment that is as it should be. */
  readonly onSound: (id: FragmentId) => Promise<void>;
}

/** Passes that read every fragment of a volume again, each disk at its own pace, so that rot and loss are known early. */
export class VolumeScrubs {
  readonly #registry: VolumeRegistry;
  readonly #options: ScrubOptions;
  readonly #passes = new Map<Volume, Promise<ScrubResult | undefined>>();
  readonly #wanted = new Set<Volume>();
  readonly #restedSince = new Map<Volume, number>();
  readonly #stopping = new AbortController();
  #timer: NodeJS.Timeout | undefined;

  constructor(registry: VolumeRegistry, options: ScrubOptions) {
    this.#registry = registry;
    this.#options = options;
  }

  start(): void {
    if (this.#options.bytesPerSecond > 0) this.#timer = setInterval(() => this.#tick(), TICK_MS);
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    this.#stopping.abort();
    await Promise.all(this.#passes.values());
  }

  /** One pass at full speed, from the beginning; the one under way goes on at that. Undefined: the disk went away. */
  verify(volume: Volume): Promise<ScrubResult | undefined> {
    this.#wanted.add(volume);
    return this.#passes.get(volume) ?? this.#begin(volume);
  }

  /** Starts what is due. */
  #tick(): void {
    const now = this.#options.now();
    for (const volume of this.#registry.volumes) {
      if (!volume.isHere || this.#passes.has(volume)) continue;
      const since = this.#restedSince.get(volume) ?? now;
      this.#restedSince.set(volume, since);
      if (now - since >= PASS_PAUSE_MS) void this.#begin(volume);
    }
  }

  #begin(volume: Volume): Promise<ScrubResult | undefined> {
    const pass = this.#pass(volume).finally(() => {
      this.#passes.delete(volume);
      this.#wanted.delete(volume);
      this.#restedSince.set(volume, this.#options.now());
    });
    this.#passes.set(volume, pass);
    return pass;
  }

  async #pass(volume: Volume): Promise<ScrubResult | undefined> {
    const { scrub } = volume.entry;
    let progress: ScrubProgress = (this.#wanted.has(volume) ? undefined : scrub.running) ?? {
      shard: 0,
      startedAt: this.#nowSeconds(),
      fragments: 0,
      bytes: 0,
      rotten: 0,
      lost: 0,
      unreadable: 0,
    };
    let savedAt = this.#options.now();
    let indexSavedAt = savedAt;
    for (; progress.shard < SHARD_COUNT; progress = { ...progress, shard: progress.shard + 1 }) {
      scrub.running = progress;
      if (this.#options.now() - savedAt >= SAVE_MS) {
        savedAt = this.#options.now();
        await this.#registry.trySave();
      }
      if (this.#options.now() - indexSavedAt >= SAVE_INDEX_MS) {
        indexSavedAt = this.#options.now();
        await saveIndex(volume);
      }
      const after = await this.#shard(volume, progress);
      if (after === undefined) return undefined;
      progress = after;
    }
    const { shard: _, ...counts } = progress;
    const last = { ...counts, finishedAt: this.#nowSeconds() };
    volume.entry.scrub = { last };
    await this.#registry.trySave();
    await saveIndex(volume);
    this.#registry.options.logger.info(
      { volume: volume.id, ...last },
      'every fragment of a volume read again',
    );
    return last;
  }

  /** Undefined where it cannot go on now: it does so later, from the same place. */
  async #shard(volume: Volume, before: ScrubProgress): Promise<ScrubProgress | undefined> {
    const counts = { ...before };
    for (const id of volume.store?.idsOf(before.shard) ?? []) {
      if (this.#stopping.signal.aborted) return undefined;
      const lengthBytes = volume.store?.find(id)?.lengthBytes ?? 0;
      try {
        const read = await volume.read(id);
        if (read?.ok === true) await this.#options.onSound(id);
      } catch (error) {
        if (!(error instanceof AppError)) throw error;
        if (!volume.isHere) return undefined;
      }
      const damage = volume.damage.get(id);
      if (damage !== undefined) counts[damage] += 1;
      counts.fragments += 1;
      counts.bytes += lengthBytes;
      await this.#pace(volume, lengthBytes);
    }
    return counts;
  }

  async #pace(volume: Volume, sizeBytes: number): Promise<void> {
    const { bytesPerSecond } = this.#options;
    if (this.#wanted.has(volume) || bytesPerSecond === 0) return;
    const { signal } = this.#stopping;
    await sleep((sizeBytes / bytesPerSecond) * 1000, undefined, { signal }).catch(() => undefined);
  }

  #nowSeconds(): number {
    return Math.floor(this.#options.now() / 1000);
  }
}

/** A cache: without it only the next start is slower. */
async function saveIndex(volume: Volume): Promise<void> {
  try {
    if (volume.isHere) await volume.store?.saveIndex();
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
  }
}
