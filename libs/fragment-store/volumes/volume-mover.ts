import { setImmediate, setTimeout as sleep } from 'node:timers/promises';
import type { FragmentId } from '#chain';
import { AppError } from '#errors';
import { SHARD_COUNT } from '../fragment-index.js';
import type { Turns } from './turns.js';
import type { Volume } from './volume.js';
import type { VolumeRegistry } from './volume-registry.js';
import type { MoveView } from './volume-view.js';

/** Moved at once: whoever renames together shares the sync of a folder. */
const CONCURRENCY = 4;
const RETRY_MS = 5_000;

/** What became of one fragment. */
type Outcome = 'moved' | 'gone' | 'stuck' | 'no-room';

interface Move {
  movedFragments: number;
  movedBytes: number;
  problem: string | null;
  /** Could not be read: they stay, and are no reason to try for ever. */
  readonly stuck: Set<FragmentId>;
}

/**
 * Moves fragments off volumes that are emptied or hold more than they may. A copy is written, synced, and read again
 * before the first one is deleted: there is no moment without one. What a crash leaves on two volumes is found by the
 * same loop, so that nothing about a move is written down but the volume's mode.
 */
export class VolumeMover {
  readonly #registry: VolumeRegistry;
  readonly #turns: Turns<FragmentId>;
  readonly #bytesPerSecond: number;
  readonly #moves = new Map<Volume, Move>();
  readonly #stopping = new AbortController();
  #loop: Promise<void> = Promise.resolve();
  #wake: () => void = () => undefined;
  #allowedAt = 0;
  /** A volume has come or changed: it may have what another has, too. */
  #mayHaveTwins = true;

  constructor(registry: VolumeRegistry, turns: Turns<FragmentId>, bytesPerSecond: number) {
    this.#registry = registry;
    this.#turns = turns;
    this.#bytesPerSecond = bytesPerSecond;
    registry.onChange(() => {
      this.#mayHaveTwins = true;
      this.#wake();
    });
  }

  start(): void {
    this.#loop = this.#run();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#wake();
    await this.#loop;
  }

  /** How far a volume is; undefined where nothing moves. */
  viewOf(volume: Volume): MoveView | undefined {
    const move = this.#moves.get(volume);
    if (move === undefined || (!this.#isSource(volume) && move.problem === null)) return undefined;
    const { movedFragments, movedBytes, problem } = move;
    return { movedFragments, movedBytes, leftFragments: volume.fragments, problem };
  }

  #isSource(volume: Volume): boolean {
    if (!volume.isHere || volume.fragments === 0) return false;
    return volume.entry.mode === 'draining' || volume.allocatedBytes > volume.entry.capacityBytes;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      const woken = new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      for (const volume of this.#registry.volumes) {
        if (this.#isSource(volume)) await this.#empty(volume);
        else if (!volume.isHere || volume.entry.mode !== 'draining') this.#moves.delete(volume);
      }
      await this.#dropTwins();
      if (signal.aborted) return;
      await Promise.race([woken, sleep(RETRY_MS, undefined, { signal }).catch(() => undefined)]);
    }
  }

  /** Moves what must go, until it is done or cannot go on. */
  async #empty(volume: Volume): Promise<void> {
    const move = this.#moves.get(volume) ?? {
      movedFragments: 0,
      movedBytes: 0,
      problem: null,
      stuck: new Set<FragmentId>(),
    };
    this.#moves.set(volume, move);
    move.stuck.clear();
    let hasRoom = true;
    for (let shard = 0; shard < SHARD_COUNT && hasRoom; shard++) {
      const ids = volume.store?.idsOf(shard) ?? [];
      const worker = async (): Promise<void> => {
        for (let id = ids.pop(); id !== undefined && hasRoom; id = ids.pop()) {
          if (this.#stopping.signal.aborted || !this.#isSource(volume)) return;
          if ((await this.#moveOne(volume, id, move)) === 'no-room') hasRoom = false;
        }
      };
      await Promise.all(Array.from({ length: CONCURRENCY }, worker));
    }
    const before = move.problem;
    move.problem = this.#problemOf(volume, move, hasRoom);
    if (this.#stopping.signal.aborted) return;
    const fields = { volume: volume.id, path: volume.entry.path, moved: move.movedFragments };
    const { logger } = this.#registry.options;
    if (move.problem !== null && move.problem !== before) logger.warn(fields, `volume: ${move.problem}`);
    if (move.problem === null && !this.#isSource(volume)) {
      logger.info(fields, 'volume emptied');
      await this.#registry.trySave();
    }
  }

  #problemOf(volume: Volume, { stuck }: Move, hasRoom: boolean): string | null {
    if (!this.#isSource(volume)) return null;
    if (!hasRoom) return `${volume.fragments} fragments wait: no other volume has room for them`;
    return stuck.size === 0 ? null : `${stuck.size} fragments cannot be read and stay where they are`;
  }

  async #moveOne(volume: Volume, id: FragmentId, move: Move): Promise<Outcome> {
    const lengthBytes = volume.store?.find(id)?.lengthBytes ?? 0;
    await this.#pace(lengthBytes);
    const outcome = await this.#turns.take(id, () => this.#copyThenDelete(volume, id));
    if (outcome === 'moved') {
      move.movedFragments += 1;
      move.movedBytes += lengthBytes;
    } else if (outcome === 'stuck') move.stuck.add(id);
    return outcome;
  }

  async #copyThenDelete(volume: Volume, id: FragmentId): Promise<Outcome> {
    if (!volume.holds(id)) return 'gone';
    try {
      if (await this.#hasSoundTwin(volume, id)) {
        await volume.remove(id);
        return 'moved';
      }
      const read = await volume.read(id);
      if (read === undefined) return 'gone';
      if (!read.ok) return 'stuck';
      const target = this.#registry.place(read.value.length, volume);
      if (target === undefined) return 'no-room';
      const staged = await target.stage(id, read.value, read.value.length);
      if (!staged.ok) return 'stuck';
      await target.commit(staged.value, id);
      const copy = await target.read(id);
      if (copy?.ok !== true) return 'stuck';
      await volume.remove(id);
      return 'moved';
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      return error.code === 'fragment-store/full' || error.code === 'fragment-store/disk-full'
        ? 'no-room'
        : 'stuck';
    }
  }

  /** Whether another volume has the fragment, whole. */
  async #hasSoundTwin(volume: Volume, id: FragmentId): Promise<boolean> {
    for (const other of this.#registry.holders(id)) {
      // What is emptied as well is no place to stay.
      if (other === volume || !other.isHere || other.entry.mode === 'draining') continue;
      if ((await other.read(id))?.ok === true) return true;
    }
    return false;
  }

  /** What a crash, or a disk that came back, left on two volumes stays on one. */
  async #dropTwins(): Promise<void> {
    const here = this.#registry.volumes.filter((volume) => volume.isHere);
    if (here.length < 2 || !this.#mayHaveTwins) return;
    this.#mayHaveTwins = false;
    for (let shard = 0; shard < SHARD_COUNT; shard++) {
      const seen = new Map<FragmentId, Volume>();
      for (const volume of here) {
        for (const id of volume.store?.idsOf(shard) ?? []) {
          const first = seen.get(id);
          if (first === undefined) seen.set(id, volume);
          else await this.#dropTwin(id, first, volume);
        }
      }
      if (this.#stopping.signal.aborted) return;
      await setImmediate();
    }
  }

  async #dropTwin(id: FragmentId, first: Volume, second: Volume): Promise<void> {
    await this.#turns.take(id, async () => {
      if (!first.holds(id) || !second.holds(id)) return;
      const [worse, better] = first.entry.mode === 'active' ? [second, first] : [first, second];
      try {
        if ((await better.read(id))?.ok === true) await worse.remove(id);
        else if ((await worse.read(id))?.ok === true) await better.remove(id);
      } catch (error) {
        if (!(error instanceof AppError)) throw error;
      }
    });
  }

  /** Waits until so many bytes may move. */
  async #pace(sizeBytes: number): Promise<void> {
    const now = performance.now();
    const startAt = Math.max(now, this.#allowedAt);
    this.#allowedAt = startAt + (sizeBytes / this.#bytesPerSecond) * 1000;
    if (startAt > now) {
      await sleep(startAt - now, undefined, { signal: this.#stopping.signal }).catch(() => undefined);
    }
  }
}
