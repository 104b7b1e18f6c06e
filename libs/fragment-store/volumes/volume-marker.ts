import { open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
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

/** Whether fragments lie in a folder: one that was never marked. */
export async function hasFragments(folder: string): Promise<boolean> {
  const shards = await readdir(folder).catch(() => []);
  for (const shard of shards.filter((name) => /^[0-9a-f]{2}$/.test(name))) {
    const names = await readdir(join(folder, shard)).catch(() => []);
    if (names.some(isFragmentId)) return true;
  }
  return false;
}

/** Writes a file so that a power cut leaves the old one or the new one. */
export async function replaceFile(path: string, text: string): Promise<void> {
  const temporary = `${path}.new`;
  await rm(temporary, { force: true });
  const handle = await open(temporary, 'wx', 0o600);
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(temporary, path);
  await syncFolder(join(path, '..'));
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
