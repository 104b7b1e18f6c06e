import { AppError } from '#errors';
import type { CliContext } from '../context.js';
import { confirm } from '../output/ask.js';

/** Names what will be lost and asks; without somebody to ask, only --yes lets it happen. */
export async function confirmLoss(
  context: CliContext,
  loss: readonly string[],
  question: string,
): Promise<void> {
  context.output.note(loss.join('\n'));
  if (context.assumeYes) return;
  if (context.canAsk && (await confirm(question, context.signal))) return;
  throw new AppError({
    code: 'cli/not-confirmed',
    message: 'Nothing was changed: this was not confirmed.',
    next: 'Give --yes, or run it on a terminal and answer yes.',
  });
}
