import { entriesToHoldings, holdingName } from '#catalogue';
import type { FilledFile } from '#client';
import { AppError } from '#errors';
import type { Quote } from '#market';
import type { CommandAction } from '../command.js';
import type { CliContext } from '../context.js';
import { EXIT_CODES } from '../exit-codes.js';
import { formatCoins } from '../output/amounts.js';
import { confirm } from '../output/ask.js';
import { safeText } from '../output/text.js';
import { withClient } from '../session.js';
import { chooseFiles } from './choose-files.js';

/** Rebuilds what nobody holds any more and stores it with other providers. */
export const repair: CommandAction = async ({ args }, context) =>
  withClient(context, async (client) => {
    const entries = await chooseFiles(client, args, context);
    const filled: { name: string; file: FilledFile }[] = [];
    let cost = 0n;
    const publish = (): Promise<void> => {
      const files = filled.map(({ file }) => file);
      return client.publishFilled(files, { signal: context.signal });
    };
    try {
      // Files of one pack lie under the same contracts: one stands for all.
      for (const holding of entriesToHoldings(entries)) {
        const [entry] = holding.entries;
        if (entry === undefined) continue;
        const name = holdingName(holding);
        const file = await client.fillFile(entry, {
          signal: context.signal,
          onQuote: async (quote) => {
            await accept(name, quote, context);
            cost += quote.cost;
          },
        });
        filled.push({ name, file });
        note(name, file, context);
      }
    } finally {
      // What is paid for is published, also where the next file fails.
      await publish();
    }
    context.output.printJson({
      files: filled.map(({ name, file }) => toJson(name, file)),
      cost,
    });
    const isShort = filled.some(({ file }) => file.placed < file.lost);
    return isShort ? EXIT_CODES.tryAgain.code : undefined;
  });

async function accept(name: string, quote: Quote, { output, canAsk, signal }: CliContext): Promise<void> {
  output.note(`${safeText(name)}: storing what is missing costs about ${formatCoins(quote.cost)}.`);
  if (!canAsk || (await confirm('Store it for this price?', signal))) return;
  throw new AppError({ code: 'cli/not-confirmed', message: 'Nothing was stored.', next: 'Answer with yes.' });
}

function note(name: string, { lost, placed, reasons }: FilledFile, { output }: CliContext): void {
  if (lost === 0) {
    output.print(`${safeText(name)}  nothing is missing`);
    return;
  }
  output.print(`${safeText(name)}  ${placed} of ${lost} missing fragments stored again`);
  if (placed < lost) for (const reason of reasons.slice(0, 5)) output.note(`  ${safeText(reason)}`);
}

function toJson(
  name: string,
  { lost, placed, formed, released, reasons }: FilledFile,
): Record<string, unknown> {
  return { name, lost, placed, formed, released, reasons };
}
