import { open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';

let written = 0;

/**
 * Gives a file a new content, readable by its owner only: written beside it, synced, named, and the name synced. A crash
 * leaves the old content or the new one. Its folder must exist.
 * @throws the file system's error; nothing is left beside the file then
 */
export async function replaceFile(path: string, content: string | Uint8Array): Promise<void> {
  written += 1;
  // Of its own: another process, or another write of this one, may be replacing the same file.
  const temporary = `${path}.${process.pid}-${written}.new`;
  try {
    const handle = await open(temporary, 'w', 0o600);
    try {
      await handle.writeFile(content);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, path);
    await syncFolder(dirname(path));
  } catch (error) {
    // What went wrong first is what its owner is told.
    await rm(temporary, { force: true }).catch(() => undefined);
    throw error;
  }
}

/** Makes names in a folder outlive a power cut: those given, and those taken away. */
export async function syncFolder(folder: string): Promise<void> {
  // Windows cannot open a folder; its names are durable without it.
  if (process.platform === 'win32') return;
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
