import { createHash, randomFillSync } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';

/** Writes a file of random bytes. */
export async function writeRandomFile(folder: string, name: string, sizeBytes: number): Promise<string> {
  const path = join(folder, name);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, randomFillSync(new Uint8Array(sizeBytes)));
  return path;
}

/** SHA-256 of a file, hex. */
export async function hashOfFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}

/**
 * Turns over a byte of every KiB of every fragment of a provider: whatever chunk is asked for, it is wrong.
 * Resolves to the number of fragments.
 */
export async function damageFragments(dataDir: string): Promise<number> {
  const entries = await readdir(join(dataDir, 'fragments'), { recursive: true, withFileTypes: true });
  let damaged = 0;
  for (const entry of entries) {
    if (!entry.isFile() || !/^[0-9a-f]{64}/.test(entry.name)) continue;
    const path = join(entry.parentPath, entry.name);
    const bytes = await readFile(path);
    for (let at = 0; at < bytes.length; at += 1024) bytes[at] = (bytes[at] ?? 0) ^ 0xff;
    await writeFile(path, bytes);
    damaged += 1;
  }
  return damaged;
}
