import { z } from 'zod';
import type { FileEntry } from '#catalogue';
import { entryContent, type FileHealth } from '#client';
import { bytesToHex } from '#crypto';
import { parseProfile, profileToText, redundancyProfiles } from '#fragments';
import { amountText, queryNumber, timeText } from '#wire';

/** A stored file. */
export const fileView = z
  .object({
    path: z.string(),
    sizeBytes: z.number().int(),
    profile: z.string().meta({ description: 'k/repair below/n' }),
    blake3: z.string().meta({ description: 'hash of the whole file, hex' }),
    modifiedAt: timeText,
    storedAt: timeText,
    /** Height up to which its keeping is paid for. */
    paidUntilHeight: z.number().int(),
  })
  .meta({ id: 'File' });
export type FileView = z.infer<typeof fileView>;

export const storedFileView = fileView
  .extend({
    contracts: z.array(z.string()),
    price: z.object({ storage: amountText, burn: amountText, fees: amountText, total: amountText }),
  })
  .meta({ id: 'StoredFile' });
export type StoredFileView = z.infer<typeof storedFileView>;

export const fileListView = z
  .object({ items: z.array(fileView), nextCursor: z.string().nullable() })
  .meta({ id: 'FileList' });
export type FileListView = z.infer<typeof fileListView>;

export const fileHealthView = z
  .object({
    path: z.string(),
    checkedAt: timeText,
    verdict: z.enum(['healthy', 'degraded', 'critical', 'lost']),
    liveFragments: z.number().int(),
    neededFragments: z.number().int(),
    repairBelow: z.number().int(),
    totalFragments: z.number().int(),
    holders: z.array(
      z.object({ contract: z.string(), provider: z.string(), ok: z.boolean(), why: z.string().nullable() }),
    ),
  })
  .meta({ id: 'FileHealth' });
export type FileHealthView = z.infer<typeof fileHealthView>;

export const gatewayStatusView = z
  .object({
    network: z.string(),
    tip: z.object({ height: z.number().int(), id: z.string(), time: timeText }),
    address: z.string(),
    balance: amountText,
    files: z.number().int(),
    storedBytes: z.number().int(),
  })
  .meta({ id: 'GatewayStatus' });
export type GatewayStatusView = z.infer<typeof gatewayStatusView>;

/** How a file is to be stored: `?profile=3/4/8&epochs=30`. */
export const storeQuery = (defaultProfile: string) =>
  z.object({
    profile: z
      .string()
      .default(defaultProfile)
      .transform((text, context) => {
        const parsed = parseProfile(text);
        if (parsed.ok) return parsed.value;
        context.addIssue({
          code: 'custom',
          message: `${Object.keys(redundancyProfiles).join(', ')}, or k/repairBelow/n such as 8/16/24`,
        });
        return z.NEVER;
      })
      .meta({ description: 'name or k/repairBelow/n' }),
    epochs: queryNumber(1, 3_650, 30),
  });

/** A catalogue entry as it is shown; keys stay inside. */
export function entryToView(entry: FileEntry): FileView {
  const { manifest, fileHash } = entryContent(undefined, entry);
  return {
    path: entry.path,
    sizeBytes: Number(entry.sizeBytes),
    profile: profileToText(manifest.profile),
    blake3: bytesToHex(fileHash),
    modifiedAt: new Date(Number(entry.modifiedAt)).toISOString(),
    storedAt: new Date(Number(entry.storedAt)).toISOString(),
    paidUntilHeight: Number(entry.paidUntilHeight),
  };
}

export function healthToView(path: string, health: FileHealth): FileHealthView {
  const { liveFragments, neededFragments, repairBelow, totalFragments, verdict } = health;
  return {
    path,
    checkedAt: new Date(health.checkedAtMs).toISOString(),
    verdict,
    liveFragments,
    neededFragments,
    repairBelow,
    totalFragments,
    holders: health.holders.map(({ contract, provider, ok, why }) => ({
      contract,
      provider,
      ok,
      why: why ?? null,
    })),
  };
}
