import { open, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { FragmentId } from '#chain';
import { FragmentIndex, SHARD_COUNT } from './fragment-index.js';
import { createStreamingHash } from './streaming-hash.js';

/**
 * The lengths of a folder's fragments, so that a start reads names only: to ask a disk for the lengths of a million files
 * takes it minutes. What the folder says counts: names that are not in the file are looked at, entries without a name
 * are forgotten. Its form may change with any version; a file that cannot be read is as good as none.
 */
const NAME = 'INDEX';
const MAGIC = Buffer.from('cairn-index-1\n\0\0');
const ENTRY_BYTES = 40;
const HASH_BYTES = 32;
const SECTOR_BYTES = 512;

/** What the last snapshot knew; empty where there is none that is whole. */
export async function readIndexSnapshot(folder: string): Promise<FragmentIndex> {
  const index = new FragmentIndex();
  const bytes = await readFile(join(folder, NAME)).catch(() => undefined);
  if (bytes === undefined || !isWhole(bytes)) return index;
  for (let at = MAGIC.length; at < bytes.length - HASH_BYTES; at += ENTRY_BYTES) {
    index.set(bytes.toString('hex', at, at + 32) as FragmentId, {
      lengthBytes: bytes.readUInt32LE(at + 32),
      allocatedBytes: bytes.readUInt32LE(at + 36) * SECTOR_BYTES,
    });
  }
  return index;
}

function isWhole(bytes: Buffer): boolean {
  const body = bytes.length - MAGIC.length - HASH_BYTES;
  if (body < 0 || body % ENTRY_BYTES !== 0 || !bytes.subarray(0, MAGIC.length).equals(MAGIC)) return false;
  const hash = createStreamingHash();
  hash.update(bytes.subarray(0, bytes.length - HASH_BYTES));
  return hash.digestHex() === bytes.toString('hex', bytes.length - HASH_BYTES);
}

/** Replaces the snapshot. */
export async function writeIndexSnapshot(folder: string, index: FragmentIndex): Promise<void> {
  const path = join(folder, NAME);
  const temporary = `${path}.new`;
  await rm(temporary, { force: true });
  const handle = await open(temporary, 'wx', 0o600);
  try {
    const hash = createStreamingHash();
    const write = async (bytes: Buffer): Promise<void> => {
      hash.update(bytes);
      await handle.writeFile(bytes);
    };
    await write(MAGIC);
    for (let shard = 0; shard < SHARD_COUNT; shard++) {
      const part = shardToBytes(index, shard);
      if (part.length > 0) await write(part);
    }
    await handle.writeFile(Buffer.from(hash.digestHex(), 'hex'));
    await handle.datasync();
  } finally {
    await handle.close();
  }
  await rename(temporary, path);
}

function shardToBytes(index: FragmentIndex, shard: number): Buffer {
  const ids = index.idsOf(shard);
  const bytes = Buffer.alloc(ids.length * ENTRY_BYTES);
  ids.forEach((id, at) => {
    const entry = index.get(id);
    if (entry === undefined) return;
    bytes.write(id, at * ENTRY_BYTES, 'hex');
    bytes.writeUInt32LE(entry.lengthBytes, at * ENTRY_BYTES + 32);
    bytes.writeUInt32LE(entry.allocatedBytes / SECTOR_BYTES, at * ENTRY_BYTES + 36);
  });
  return bytes;
}
