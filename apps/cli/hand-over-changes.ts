import { join } from 'node:path';
import { type CairnClient, type HandOver, handOverCatalogue } from '#client';
import { AppError } from '#errors';
import type { CliContext } from './context.js';
import { safeText } from './output/text.js';

/** Names of what could not be handed over that are shown. */
const SHOWN = 5;

/** Where it is remembered what was handed to repairers. */
export function repairBook({ config }: CliContext): string {
  return join(config.dataDir, 'client', 'repair.json');
}

/**
 * Hands to repairers what changed since the last command, and what that could not hand over. The command has done its work
 * by now: what fails here is a warning.
 */
export async function handOverChanges(client: CairnClient, context: CliContext): Promise<void> {
  const loaded = client.context.catalogue.last?.loaded;
  if (loaded === undefined || context.signal.aborted) return;
  try {
    const { signal } = context;
    warn(await handOverCatalogue(client.context, loaded, { book: repairBook(context), signal }), context);
  } catch (error) {
    if (!(error instanceof AppError)) {
      if (context.signal.aborted) return;
      throw error;
    }
    context.output.note(
      `warning: repairers were not told what changed (${error.message}); the next command does.`,
    );
  }
}

function warn({ failed }: HandOver, { output }: CliContext): void {
  const [first] = failed;
  if (first === undefined) return;
  const names = failed.slice(0, SHOWN).map(({ name }) => `'${safeText(name)}'`);
  const more = failed.length > names.length ? ` and ${failed.length - names.length} more` : '';
  output.note(
    `warning: ${names.join(', ')}${more} not handed to repairer ${first.repairer} (${safeText(first.error.message)}). ` +
      'It is stored and paid for, but nobody rebuilds what its providers lose while you are away. The next command hands it over.',
  );
}
