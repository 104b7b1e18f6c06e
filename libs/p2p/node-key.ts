import { randomBytes } from 'node:crypto';
import { chmod, link, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { generateKeyPairFromSeed } from '@libp2p/crypto/keys';
import type { Ed25519PrivateKey } from '@libp2p/interface';
import { AppError } from '#errors';

const KEY_FILE = 'node-key';
const SEED_BYTES = 32;

/**
 * The node's own Ed25519 key, made at the first start: 32 bytes as hex in a file only its owner may read. It is worth
 * no money; losing it costs the node its name among peers.
 * @throws AppError `p2p/bad-node-key`
 */
export async function openNodeKey(folder: string): Promise<Ed25519PrivateKey> {
  await mkdir(folder, { recursive: true });
  const file = join(folder, KEY_FILE);
  const seed = (await readSeed(file)) ?? (await createSeed(file));
  return generateKeyPairFromSeed('Ed25519', seed);
}

async function readSeed(file: string): Promise<Uint8Array | undefined> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw badKey(file, 'cannot be read', error);
  }
  if (!/^[0-9a-f]{64}\n?$/.test(text)) throw badKey(file, `holds ${text.length} characters that are no key`);
  return Buffer.from(text.trim(), 'hex');
}

async function createSeed(file: string): Promise<Uint8Array> {
  const seed = randomBytes(SEED_BYTES);
  const temporary = `${file}.${process.pid}.tmp`;
  await writeFile(temporary, `${seed.toString('hex')}\n`, { mode: 0o600, flush: true });
  try {
    await chmod(temporary, 0o600);
    await link(temporary, file);
  } finally {
    await rm(temporary, { force: true });
  }
  return seed;
}

function badKey(file: string, what: string, cause?: unknown): AppError {
  return new AppError({
    code: 'p2p/bad-node-key',
    message: `The node's key ${file} ${what}.`,
    next: 'Restore the file from a copy, or delete it: the node then makes a new key and is a new peer to others.',
    data: { file },
    cause,
  });
}
