import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { replaceFile } from '#durable-file';
import { AppError } from '#errors';

const count = z.number().int().min(0);
const scrubResult = z.object({
  startedAt: count,
  finishedAt: count,
  fragments: count,
  bytes: count,
  rotten: count,
  lost: count,
  unreadable: count,
});

const volumeEntry = z.object({
  id: z.string().regex(/^[0-9a-f]{32}$/),
  path: z.string().min(1),
  capacityBytes: count,
  mode: z.enum(['active', 'read-only', 'draining']),
  /** Its capacity follows the settings until the operator says another. */
  isConfigured: z.boolean(),
  /** Its marker was written once: without it the disk is away, not new. */
  isMarked: z.boolean(),
  /** Why it became read-only by itself. */
  why: z.string().optional(),
  /** As last known: what a disk that is away holds. */
  usedBytes: count,
  scrub: z.object({
    running: scrubResult.omit({ finishedAt: true }).extend({ shard: count }).optional(),
    last: scrubResult.optional(),
  }),
});
/** What is remembered of a volume. */
export type VolumeEntry = z.infer<typeof volumeEntry>;

const volumeList = z.object({
  version: z.literal(1),
  volumes: z.array(volumeEntry),
  /** Paths in the settings that the operator has removed. */
  removed: z.array(z.string()),
});
/** The provider's volumes as its data folder keeps them. */
export type VolumeList = z.infer<typeof volumeList>;

/**
 * The list, undefined before the first start with volumes.
 * @throws AppError `volume/list-damaged`
 */
export async function readVolumeList(file: string): Promise<VolumeList | undefined> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw damaged(file, error);
  }
  try {
    return volumeList.parse(JSON.parse(text));
  } catch (error) {
    throw damaged(file, error);
  }
}

/** Writes the list; a power cut leaves the old one or this. */
export function writeVolumeList(file: string, list: VolumeList): Promise<void> {
  return replaceFile(file, `${JSON.stringify(list, undefined, 2)}\n`);
}

function damaged(file: string, cause: unknown): AppError {
  return new AppError({
    code: 'volume/list-damaged',
    message: `the list of volumes ${file} cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`,
    next: 'restore it from a backup, or move it away and add the volumes again: no fragment is lost by that',
    data: { file },
    cause,
  });
}
