import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { z } from 'zod';
import type { Ban } from '../limits/ban-list.js';
import type { KnownPeer } from './address-book.js';

/** What a node remembers of others between its runs. */
export interface RememberedPeers {
  readonly peers: readonly Omit<KnownPeer, 'group'>[];
  readonly bans: readonly Ban[];
  /** Peers we had chosen when we stopped: called first, so that a restart is no chance to take all our slots. */
  readonly anchors: readonly string[];
}

const time = z.number().nonnegative();
const fileSchema = z.object({
  version: z.literal(1),
  peers: z.array(
    z.object({
      peer: z.string().max(200),
      addresses: z.array(z.string().max(300)).min(1).max(8),
      source: z.string().max(100),
      heardMs: time,
      triedMs: time,
      reachedMs: time,
      failures: z.number().int().nonnegative(),
    }),
  ),
  bans: z.array(
    z.object({
      key: z.string().max(200),
      kind: z.enum(['peer', 'address']),
      rule: z.string().max(200),
      untilMs: time,
      times: z.number().int().positive(),
    }),
  ),
  anchors: z.array(z.string().max(200)).max(8),
});

const NOTHING: RememberedPeers = { peers: [], bans: [], anchors: [] };

/** Reads the file; a missing or damaged one is nothing: all in it can be learned again. */
export async function readPeerFile(
  file: string,
  onDamage: (error: unknown) => void,
): Promise<RememberedPeers> {
  try {
    return fileSchema.parse(JSON.parse(await readFile(file, 'utf8')));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') onDamage(error);
    return NOTHING;
  }
}

/** Replaces the file at once: a crash leaves the old one or the new one. */
export async function writePeerFile(file: string, remembered: RememberedPeers): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  const temporary = `${file}.${process.pid}.tmp`;
  await writeFile(temporary, JSON.stringify({ version: 1, ...remembered }), { mode: 0o600, flush: true });
  await rename(temporary, file);
}
