import { z } from 'zod';
import type { VolumeView } from '#fragment-store';

const count = z.number().int();
const scrubCounts = {
  startedAt: count,
  fragments: count,
  bytes: count,
  rotten: count,
  lost: count,
  unreadable: count,
};

/** A volume in the provider's status and in the answers to its operator. Bytes; times in seconds since 1970. */
export const volumeViewSchema = z
  .object({
    id: z.string(),
    path: z.string(),
    state: z.enum(['active', 'read-only', 'draining', 'offline', 'failed']),
    mode: z.enum(['active', 'read-only', 'draining']),
    why: z.string().nullable(),
    capacityBytes: count,
    fragments: count,
    usedBytes: count,
    allocatedBytes: count,
    diskFreeBytes: count.nullable(),
    reserveBytes: count,
    roomBytes: count,
    rotten: count,
    lost: count,
    unreadable: count,
    diskErrors: count,
    readLatencyMs: z.number().nullable(),
    writeLatencyMs: z.number().nullable(),
    move: z
      .object({
        movedFragments: count,
        movedBytes: count,
        leftFragments: count,
        problem: z.string().nullable(),
      })
      .nullable(),
    scrub: z.object({
      running: z.object({ ...scrubCounts, shard: count }).nullable(),
      last: z.object({ ...scrubCounts, finishedAt: count }).nullable(),
    }),
  })
  .meta({ id: 'VolumeView' }) satisfies z.ZodType<VolumeView>;
