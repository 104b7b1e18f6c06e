import { randomBytes } from 'node:crypto';
import { type FileHandle, mkdir, open, readdir, rename, rm, stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import type { FragmentId } from '#chain';
import { assertInvariant } from '#errors';
import type { IndexEntry } from './fragment-index.js';
import { isFragmentId } from './fragment-store.js';

/** Uploads on their way, inside the root: a rename from here to a shard stays on one file system. */
const INCOMING = 'incoming';

const SECTOR_BYTES = 512;

/** Of a file system, in bytes. */
export interface DiskSpace {
  /** What this user may still take. */
  readonly freeBytes: number;
  readonly totalBytes: number;
  /** Files take whole blocks. */
  readonly blockBytes: number;
}

const SHARDS = Array.from({ length: 256 }, (_, shard) => shard.toString(16).padStart(2, '0'));

/** Folder of a fragment: the first byte of its id, so that no folder holds more than 1/256 of all. */
function shardOf(id: FragmentId): string {
  assertInvariant(isFragmentId(id), 'only a fragment id becomes a path');
  return id.slice(0, 2);
}

/** The files behind a store: where they lie, and how they reach the disk for good. */
export class FragmentFiles {
  readonly #root: string;
  /** Two openings of one folder never share a name: what the first began must not find what the second writes. */
  readonly #temporaryPrefix = randomBytes(6).toString('hex');
  #temporaryCount = 0;
  #dirty = new Set<string>();
  /** Folders stay open: opening one for every sync costs as much as the sync. */
  readonly #folders = new Map<string, FileHandle>();
  #round: Promise<void> | undefined;
  #nextRound: Promise<void> | undefined;

  constructor(root: string) {
    this.#root = root;
  }

  /** Makes the folders and removes what unfinished uploads left behind. */
  async prepare(): Promise<void> {
    await rm(join(this.#root, INCOMING), { recursive: true, force: true });
    await mkdir(join(this.#root, INCOMING), { recursive: true });
    const existing = new Set(await readdir(this.#root));
    const missing = SHARDS.filter((shard) => !existing.has(shard));
    await Promise.all(missing.map((shard) => mkdir(join(this.#root, shard), { recursive: true })));
    await syncFolder(this.#root);
  }

  pathOf(id: FragmentId): string {
    return join(this.#root, shardOf(id), id);
  }

  newTemporaryPath(): string {
    this.#temporaryCount += 1;
    return join(this.#root, INCOMING, `${this.#temporaryPrefix}-${this.#temporaryCount}`);
  }

  /** Gives a finished file its name and waits until the name is on the disk; answers what it takes there. */
  async adopt(temporaryPath: string, id: FragmentId): Promise<IndexEntry | undefined> {
    await rename(temporaryPath, this.pathOf(id));
    this.#dirty.add(shardOf(id));
    const [entry] = await Promise.all([this.entryOf(id), this.#syncNames()]);
    return entry;
  }

  async entryOf(id: FragmentId): Promise<IndexEntry | undefined> {
    try {
      const { size, blocks } = await stat(this.pathOf(id));
      return { lengthBytes: size, allocatedBytes: blocks * SECTOR_BYTES };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
  }

  /** The fragments that the folder of a shard names, in no order. */
  async names(shard: number): Promise<FragmentId[]> {
    const names = await readdir(join(this.#root, SHARDS[shard] as string));
    return names.filter(isFragmentId);
  }

  async space(): Promise<DiskSpace> {
    const { bavail, blocks, bsize } = await statfs(this.#root);
    return { freeBytes: bavail * bsize, totalBytes: blocks * bsize, blockBytes: bsize };
  }

  /** Folders are synced in rounds: whoever renames while a round runs shares the next one with all others. */
  #syncNames(): Promise<void> {
    if (this.#nextRound !== undefined) return this.#nextRound;
    const previous = this.#round ?? Promise.resolve();
    const next = previous
      .catch(() => undefined)
      .then(async () => {
        this.#nextRound = undefined;
        this.#round = next;
        const dirty = [...this.#dirty];
        this.#dirty.clear();
        for (const shard of dirty) await this.#syncShard(shard);
      });
    this.#nextRound = next;
    return next;
  }

  async close(): Promise<void> {
    for (const folder of this.#folders.values()) await folder.close();
    this.#folders.clear();
  }

  async #syncShard(shard: string): Promise<void> {
    if (process.platform === 'win32') return;
    let folder = this.#folders.get(shard);
    if (folder === undefined) {
      folder = await open(join(this.#root, shard), 'r');
      this.#folders.set(shard, folder);
    }
    await folder.sync();
  }
}

async function syncFolder(folder: string): Promise<void> {
  // Windows cannot open a folder; its rename is durable without it.
  if (process.platform === 'win32') return;
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
