import type { FragmentId } from '#chain';
import type { FragmentFiles } from './fragment-files.js';
import { FragmentIndex, type IndexEntry, SHARD_COUNT } from './fragment-index.js';
import { readIndexSnapshot } from './index-snapshot.js';

/** Files looked at together where the snapshot does not know their length. */
const CONCURRENCY = 32;
/** Folders read together. */
const FOLDERS = 4;

/** What is in a folder: its names, with the lengths of the last snapshot or, where that has none, of the files. */
export async function loadIndex(folder: string, files: FragmentFiles): Promise<FragmentIndex> {
  const known = await readIndexSnapshot(folder);
  const index = new FragmentIndex();
  const shards = Array.from({ length: SHARD_COUNT }, (_, shard) => shard);
  await inParallel(shards, FOLDERS, async (shard) => {
    const unknown: FragmentId[] = [];
    for (const id of await files.names(shard)) {
      const entry = known.get(id);
      if (entry === undefined) unknown.push(id);
      else index.set(id, entry);
    }
    await inParallel(unknown, CONCURRENCY, async (id) => {
      const entry = await entryOrBroken(files, id);
      if (entry !== undefined) index.set(id, entry);
    });
  });
  return index;
}

/** A file that cannot even be looked at is known all the same: reading it says what is wrong. */
async function entryOrBroken(files: FragmentFiles, id: FragmentId): Promise<IndexEntry | undefined> {
  try {
    return await files.entryOf(id);
  } catch {
    return { lengthBytes: 0, allocatedBytes: 0 };
  }
}

async function inParallel<T>(
  items: readonly T[],
  workers: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < items.length) {
      const item = items[next] as T;
      next += 1;
      await work(item);
    }
  };
  await Promise.all(Array.from({ length: Math.min(workers, items.length) }, worker));
}
