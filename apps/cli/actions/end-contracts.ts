import { formatSize } from '#config';
import { AppError } from '#errors';
import type { CommandAction } from '../command.js';
import { formatCoins } from '../output/amounts.js';
import { shortId } from '../output/table.js';
import { safeText } from '../output/text.js';
import { withClient } from '../session.js';
import { confirmLoss } from './confirm-loss.js';
import { ownContracts } from './contracts.js';

export const endContracts: CommandAction = async ({ args, options }, context) =>
  withClient(context, async (client, node) => {
    const { output, signal } = context;
    const all = await ownContracts(client, node, context);
    const chosen =
      options['unused'] === true
        ? all.filter(({ view, keeps }) => view.status === 'active' && keeps === undefined)
        : args.map((id) => {
            const found = all.find(({ view }) => view.id === id.toLowerCase());
            if (found !== undefined) return found;
            throw new AppError({
              code: 'contract/not-yours',
              message: `'${id}' is no contract of ${client.address}.`,
              next: 'See `cairn contracts --json` for the ids.',
            });
          });
    if (chosen.length === 0 && options['unused'] !== true) {
      throw new AppError({
        code: 'cli/no-contract',
        message: 'No contract was named.',
        next: 'Give ids, or --unused.',
      });
    }
    const ids = chosen.map(({ view }) => view.id);
    const loss = [
      `${chosen.length} contracts end at their next epoch; the providers then delete what they hold:`,
      ...chosen.map(
        ({ view, keeps }) =>
          `  ${shortId(view.id)}  ${formatSize(BigInt(view.totalBytes))}  escrow ${formatCoins(view.escrow)}  keeps ${safeText(keeps ?? 'nothing')}`,
      ),
    ];
    if (options['dryRun'] === true || chosen.length === 0) {
      output.note(loss.join('\n'));
      output.printJson({ dryRun: options['dryRun'] === true, contracts: ids, ended: 0 });
      return undefined;
    }
    await confirmLoss(context, loss, 'End them?');
    const ended = await client.endContracts(ids, { signal });
    output.printJson({ dryRun: false, contracts: ids, ended: ended.length });
    for (const id of ended) output.print(id);
    return undefined;
  });
