import { type Catalogue, entryNow, type FileEntry, withRenewed } from '#catalogue';
import { equalBytes } from '#crypto';
import { AppError } from '#errors';
import { changeCatalogue, isOutcomeUnknown } from '../../catalogue/catalogue-store.js';
import type { CallOptions, ClientContext } from '../../context.js';
import { abandonContracts } from '../form-contracts.js';
import { endUnlessNamed } from '../resume/leftovers.js';
import type { FilledManifest } from './fill-file.js';

/** A file whose gaps were filled as far as possible, to be published. */
export interface FilledFile extends FilledManifest {
  readonly entry: FileEntry;
  /** Its manifest as it was when its gaps were looked for. */
  readonly before: Uint8Array;
}

/**
 * Publishes who holds filled files now, and ends the contracts that keep nothing of them any more. A file that another run
 * filled or renewed meanwhile stays as that one left it, and what was formed for it here ends.
 * @throws AppError `fill/overtaken` once everything else is published and ended
 */
export async function publishFilled(
  context: ClientContext,
  files: readonly FilledFile[],
  options: CallOptions = {},
): Promise<void> {
  const changed = files.filter(({ formed }) => formed.length > 0);
  if (changed.length === 0) return;
  let overtaken: readonly FilledFile[] = [];
  const change = (catalogue: Catalogue): Catalogue => {
    overtaken = changed.filter((file) => isOvertaken(catalogue, file));
    if (overtaken.length === changed.length) throw overtakenBy(overtaken);
    const rest = changed.filter((file) => !overtaken.includes(file));
    return withRenewed(
      catalogue,
      rest.map(({ entry }) => entry),
    );
  };
  const formed = changed.flatMap((file) => file.formed);
  await changeCatalogue(context, change, options).catch(async (error: unknown) => {
    if (!isOutcomeUnknown(error)) await abandonContracts(context, formed);
    throw error;
  });
  // Of a file that was removed or overtaken meanwhile nothing is named: what was formed for it ends, too.
  const released = changed.flatMap((file) => (overtaken.includes(file) ? [] : file.released));
  await endUnlessNamed(context, [...released, ...formed], options);
  if (overtaken.length > 0) throw overtakenBy(overtaken);
}

/** Whether a file is still there and lies elsewhere than when its gaps were looked for. */
function isOvertaken(catalogue: Catalogue, { entry, before }: FilledFile): boolean {
  const now = entryNow(catalogue, entry);
  return now !== undefined && !equalBytes(now.manifest, before);
}

function overtakenBy(files: readonly FilledFile[]): AppError {
  const names = files.map(({ entry }) => `'${entry.path}'`).join(', ');
  return new AppError({
    code: 'fill/overtaken',
    message: `Another run filled or renewed ${names} while this one did: what that one published stands, and the contracts formed here for it are ended.`,
    next: 'See `cairn verify` for what is missing still, and run the command again where something is.',
    data: { files: files.map(({ entry }) => entry.path) },
  });
}
