import { contractsOf, manifestOf } from '#client';
import { formatSize } from '#config';
import type { CommandAction } from '../command.js';
import { safeText } from '../output/text.js';
import { withClient } from '../session.js';
import { confirmLoss } from './confirm-loss.js';

export const rm: CommandAction = async ({ args, options }, context) =>
  withClient(context, async (client) => {
    const { output, signal } = context;
    const names = [...new Set(args)];
    const entries = [];
    for (const name of names) entries.push(await client.file(name, { signal }));
    const contracts = entries.flatMap((entry) => contractsOf(manifestOf(entry)));
    const loss = [
      'These files will be lost; what is not in another copy cannot be brought back:',
      ...entries.map(({ path, sizeBytes }) => `  ${safeText(path)}  ${formatSize(sizeBytes)}`),
      `${contracts.length} contracts end at their next epoch; what was not earned returns, what was burned does not.`,
    ];
    if (options['dryRun'] === true) {
      output.note(loss.join('\n'));
      output.printJson({ dryRun: true, removed: names, contracts });
      return undefined;
    }
    await confirmLoss(context, loss, 'Remove them?');
    const { ended } = await client.remove(names, { signal });
    output.printJson({ dryRun: false, removed: names, contracts, ended });
    for (const name of names) output.print(safeText(name));
    return undefined;
  });
