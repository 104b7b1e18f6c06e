import { bytesToHex } from '#crypto';
import { AppError } from '#errors';
import type { RepairContent } from '#wire';
import type { CapabilityStore } from './capability-store.js';

/**
 * What capabilities say of wanted fragments, and nothing else of them: one contract may hold parts of thousands of files,
 * and whoever hands them over chooses how large they are. One capability is in memory at a time. One that cannot be read
 * is told and left out: what only it knows is missing from the answer.
 */
export async function neededContents(
  store: Pick<CapabilityStore, 'content'>,
  subjects: Iterable<string>,
  wanted: Iterable<string>,
  onUnreadable: (error: AppError) => void,
): Promise<RepairContent[]> {
  const missing = new Set(wanted);
  const contents: RepairContent[] = [];
  for (const subject of subjects) {
    if (missing.size === 0) break;
    const content = await store.content(subject).catch((error: unknown) => {
      if (!(error instanceof AppError)) throw error;
      onUnreadable(error);
      return undefined;
    });
    const segments = content?.segments.filter(({ fragmentIds }) => {
      const found = fragmentIds.map(bytesToHex).filter((id) => missing.has(id));
      for (const id of found) missing.delete(id);
      return found.length > 0;
    });
    if (content !== undefined && segments !== undefined && segments.length > 0)
      contents.push({ ...content, segments });
  }
  return contents;
}
