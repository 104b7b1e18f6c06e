import { AppError } from '#errors';
import type { CommandAction } from '../command.js';
import { formatCoins } from '../output/amounts.js';
import { formatFields } from '../output/table.js';
import { withNode } from '../session.js';

export const supply: CommandAction = async (_input, context) =>
  withNode(context, async (node) => {
    const { output } = context;
    const audit = await node.audit();
    output.printJson(audit);
    output.print(
      formatFields([
        ['blocks replayed', `${audit.blocksReplayed}, up to height ${audit.height}`],
        ['genesis', formatCoins(audit.genesis)],
        ['+ minted', formatCoins(audit.minted)],
        ['- burned', formatCoins(audit.burned)],
        ['= expected', formatCoins(audit.expectedTotal)],
        ['sum of everything', formatCoins(audit.actualTotal)],
        ['balanced', audit.balanced ? 'yes' : 'NO'],
      ]),
    );
    if (audit.balanced) return undefined;
    throw new AppError({
      code: 'supply/unbalanced',
      message: `The books do not balance: ${audit.differences.join('; ')}.`,
      next: 'This must never happen: please report it with the height.',
    });
  });
