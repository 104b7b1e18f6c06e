import type { FileEntry } from '#catalogue';
import type { CairnClient } from '#client';
import { checkFiles, type FileHealth, type HealthVerdict, manifestOf } from '#client';
import type { CliContext } from '../context.js';
import { EXIT_CODES } from '../exit-codes.js';
import { safeText } from '../output/text.js';

/** A file and what its holders proved just now. */
export interface CheckedFile {
  readonly entry: FileEntry;
  readonly health: FileHealth;
}

/** From good to bad. */
export const VERDICTS: readonly HealthVerdict[] = ['healthy', 'degraded', 'critical', 'lost'];

/** Challenges the holders of files, with a bar. */
export async function checkEntries(
  client: CairnClient,
  entries: readonly FileEntry[],
  { output, signal }: CliContext,
  chunks: number,
): Promise<CheckedFile[]> {
  const [only] = entries;
  const bar = output.progress(
    entries.length === 1 && only !== undefined ? safeText(only.path) : `${entries.length} files`,
  );
  try {
    const health = await checkFiles(client.context, entries.map(manifestOf), {
      signal,
      chunks,
      onProgress: ({ done, total }) => bar.update('challenging', done, total, 'items'),
    });
    return entries.map((entry, index) => ({ entry, health: health[index] as FileHealth }));
  } finally {
    bar.done();
  }
}

/** How many files have each verdict. */
export function countVerdicts(checked: readonly CheckedFile[]): Readonly<Record<HealthVerdict, number>> {
  const counts = { healthy: 0, degraded: 0, critical: 0, lost: 0 };
  for (const { health } of checked) counts[health.verdict] += 1;
  return counts;
}

/** `3 healthy, 1 lost`. */
export function verdictsToText(checked: readonly CheckedFile[]): string {
  const counts = countVerdicts(checked);
  const named = VERDICTS.flatMap((verdict) => (counts[verdict] > 0 ? [`${counts[verdict]} ${verdict}`] : []));
  return named.join(', ');
}

/** The exit code of the worst verdict: 0 healthy, 1 in need of repair, 69 not enough holders answer. */
export function verdictsToExitCode(checked: readonly CheckedFile[]): number {
  const counts = countVerdicts(checked);
  if (counts.lost > 0) return EXIT_CODES.unavailable.code;
  return counts.critical + counts.degraded > 0 ? EXIT_CODES.failed.code : EXIT_CODES.ok.code;
}

/** What to do about a file; undefined where nothing is to be done. */
export function nextStepOf({ entry, health }: CheckedFile): string | undefined {
  const repair = `cairn repair ${quoted(entry.path)}`;
  switch (health.verdict) {
    case 'healthy':
      return undefined;
    case 'lost':
      return `${health.neededFragments - health.liveFragments} more holders must come back; then ${repair}`;
    default:
      return repair;
  }
}

/** The stable form under --json. */
export function checkedToJson(checked: CheckedFile): Record<string, unknown> {
  const { checkedAtMs, holders, worstSegment, paidUntilHeight, ...health } = checked.health;
  return {
    name: checked.entry.path,
    checkedAt: new Date(checkedAtMs).toISOString(),
    ...health,
    worstSegment: worstSegment ?? null,
    paidUntilHeight: paidUntilHeight ?? null,
    holders: holders.map((holder) => ({ ...holder, why: holder.why ?? null })),
    next: nextStepOf(checked) ?? null,
  };
}

/** When the holders were asked, to the second. */
export function timeOf(health: FileHealth): string {
  return new Date(health.checkedAtMs).toISOString().replace(/\.\d+Z$/, 'Z');
}

/** A name as a shell takes it. */
function quoted(name: string): string {
  return /^[\w./@%+:,=-]+$/.test(name) ? name : `'${safeText(name).replaceAll("'", "'\\''")}'`;
}
