import type { FragmentId } from '#chain';
import { type IndexEntry, IndexShard } from './index-shard.js';

export type { IndexEntry } from './index-shard.js';

export const SHARD_COUNT = 256;

/** Folder and sub-table of a fragment: the first byte of its id. */
export function shardOf(id: FragmentId): number {
  return Number.parseInt(id.slice(0, 2), 16);
}

/**
 * The fragments of a folder, in memory: 40 bytes for each and what a table at most three quarters full wastes, where a
 * `Map` of texts takes three times that and gives the collector a million objects. One table for each shard, so that
 * none ever grows by all at once.
 */
export class FragmentIndex {
  readonly #shards: (IndexShard | undefined)[] = new Array(SHARD_COUNT).fill(undefined);
  #size = 0;
  #usedBytes = 0;
  #allocatedBytes = 0;

  get size(): number {
    return this.#size;
  }

  /** Bytes of all fragments. */
  get usedBytes(): number {
    return this.#usedBytes;
  }

  /** Bytes their files take on the disk. */
  get allocatedBytes(): number {
    return this.#allocatedBytes;
  }

  get(id: FragmentId): IndexEntry | undefined {
    return this.#shards[shardOf(id)]?.get(id);
  }

  has(id: FragmentId): boolean {
    return this.get(id) !== undefined;
  }

  set(id: FragmentId, entry: IndexEntry): void {
    const number = shardOf(id);
    let shard = this.#shards[number];
    if (shard === undefined) {
      shard = new IndexShard();
      this.#shards[number] = shard;
    }
    this.#count(shard.set(id, entry), -1);
    this.#count(entry, 1);
  }

  /** What was known of it; undefined where nothing was. */
  delete(id: FragmentId): IndexEntry | undefined {
    const before = this.#shards[shardOf(id)]?.delete(id);
    this.#count(before, -1);
    return before;
  }

  /** The ids of one shard, ascending. */
  idsOf(shard: number): FragmentId[] {
    return this.#shards[shard]?.ids().sort() ?? [];
  }

  #count(entry: IndexEntry | undefined, sign: 1 | -1): void {
    if (entry === undefined) return;
    this.#size += sign;
    this.#usedBytes += sign * entry.lengthBytes;
    this.#allocatedBytes += sign * entry.allocatedBytes;
  }
}
