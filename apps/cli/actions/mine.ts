import { createIdentity } from '#client';
import { nativeCrypto } from '#crypto-native';
import { AppError } from '#errors';
import type { CommandAction } from '../command.js';
import { runApp } from '../process/run-app.js';
import { minerStatusToText, watchMiner } from '../process/watch-miner.js';
import { openKeys } from '../session.js';

export const mine: CommandAction = async ({ options }, context) => {
  const { output, config, params } = context;
  const threads = readThreads(options['threads']);
  const given = options['address'] ?? config.minerAddress;
  const address =
    typeof given === 'string'
      ? given
      : createIdentity(nativeCrypto, params, (await openKeys(context)).phrase).address;
  output.note(`Mining for ${address}.`);
  // Who says how many threads wants them to work; without --threads the settings decide.
  const work = threads === undefined ? {} : { minerThreads: threads, minerShare: threads };
  const overrides = { minerAddress: address, ...work };
  return runApp(context, 'miner', overrides, async ({ ops }, ended) => {
    if (ops === undefined) return;
    const last = await watchMiner(ops, output, ended);
    if (last === undefined) return;
    output.printJson(last);
    output.note(`At the end: ${minerStatusToText(last)}.`);
  });
};

function readThreads(text: string | boolean | undefined): string | undefined {
  if (text === undefined) return undefined;
  const threads = Number(text);
  if (Number.isInteger(threads) && threads >= 1 && threads <= 256) return String(threads);
  throw new AppError({
    code: 'cli/bad-threads',
    message: `--threads ${String(text)} is not possible.`,
    next: 'Use a whole number from 1 to 256, at most one for each core.',
  });
}
