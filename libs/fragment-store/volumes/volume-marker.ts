import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { replaceFile } from '#durable-file';
import { isFragmentId } from '../fragment-store.js';

/** A file beside the fragments: an empty mount point does not have it, another disk has another. */
const NAME = 'VOLUME';
const FIRST_LINE = 'The fragments of a Cairn provider. Do not remove this file.';

/** What the marker says; older ones say nothing of it. */
export interface VolumeMarker {
  readonly id?: string;
  /** Public key of the provider, hex. */
  readonly owner?: string;
}

/** The marker of a folder; undefined where there is none. @throws the file system's error */
export async function readVolumeMarker(folder: string): Promise<VolumeMarker | undefined> {
  let text: string;
  try {
    text = await readFile(join(folder, NAME), 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  const id = /^volume ([0-9a-f]{32})$/m.exec(text)?.[1];
  const owner = /^provider ([0-9a-f]{64})$/m.exec(text)?.[1];
  return { ...(id === undefined ? {} : { id }), ...(owner === undefined ? {} : { owner }) };
}

/** Marks a folder, or gives an older marker its id. */
export async function writeVolumeMarker(folder: string, marker: Required<VolumeMarker>): Promise<void> {
  await replaceFile(join(folder, NAME), `${FIRST_LINE}\nvolume ${marker.id}\nprovider ${marker.owner}\n`);
}

/** Whether fragments lie in a folder: one that was never marked. @throws the file system's error */
export async function hasFragments(folder: string): Promise<boolean> {
  const shards = await namesIn(folder);
  for (const shard of shards.filter((name) => /^[0-9a-f]{2}$/.test(name))) {
    if ((await namesIn(join(folder, shard))).some(isFragmentId)) return true;
  }
  return false;
}

/** Nothing where there is no such folder; a disk that does not answer is another matter. */
async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}
