import type { Catalogue } from '#catalogue';
import { liveBytes, type Removal, type RemovalPlan } from '#client';
import { formatSize } from '#config';
import type { NodeClient } from '#node-api';
import type { CommandAction, CommandInput } from '../command.js';
import { formatCoins } from '../output/amounts.js';
import { safeText } from '../output/text.js';
import { withClient } from '../session.js';
import { confirmLoss } from './confirm-loss.js';
import { numberOption } from './option-values.js';
import { storedName } from './stored-name.js';

/** Names that are listed before something is asked; of more, how many. */
const LISTED = 20;

export const rm: CommandAction = async ({ args, options }, context) =>
  withClient(context, async (client, node) => {
    const { output, signal } = context;
    const { catalogue } = await client.catalogue({ signal });
    const removal = readRemoval(args, options, catalogue);
    const plan = await client.planRemoval(removal, { signal });
    const returns = await returnsOf(node, plan);
    const loss = lossOf(plan, returns);
    const removed = plan.entries.map(({ path }) => path);
    const { contracts, storedBytes } = plan;
    const answer = { removed, contracts, storedBytes, returns, leftBehind: plan.leftBehind };
    if (options['dryRun'] === true) {
      output.note(loss.join('\n'));
      output.printJson({ dryRun: true, ...answer, repacks: plan.repacks.length });
      return undefined;
    }
    await confirmLoss(context, loss, 'Remove them?');
    const { ended, repacked } = await client.remove(removal, { signal });
    for (const { message, code } of repacked.failures)
      output.note(`a pack was left as it is, with what was removed from it: ${message} [${code}]`);
    output.printJson({
      dryRun: false,
      ...answer,
      ended,
      repacked: {
        packs: repacked.packs,
        files: repacked.moved.size,
        failed: repacked.failures.map(({ code, message }) => ({ code, message })),
      },
    });
    for (const path of removed) output.print(safeText(path));
    return undefined;
  });

function readRemoval(
  args: readonly string[],
  options: CommandInput['options'],
  catalogue: Catalogue,
): Removal {
  const names = [...new Set(args.map((name) => storedName(catalogue, name)))];
  return { names, version: numberOption(options, 'version', { min: 1, max: 0xffff_ffff }) };
}

/** What the contracts that end still hold of the client's coins; what is earned until they end comes off. */
async function returnsOf(node: NodeClient, { contracts }: RemovalPlan): Promise<bigint> {
  let sum = 0n;
  for (const id of contracts) {
    let view = await node.contract({ id });
    while (view !== null && view.successor !== null) view = await node.contract({ id: view.successor });
    if (view?.status === 'active') sum += BigInt(view.escrow) + BigInt(view.reserve) + BigInt(view.reads);
  }
  return sum;
}

function lossOf(
  { entries, contracts, storedBytes, repacks, leftBehind }: RemovalPlan,
  returns: bigint,
): string[] {
  const names = entries
    .slice(0, LISTED)
    .map(({ path, sizeBytes }) => `  ${safeText(path)}  ${formatSize(sizeBytes)}`);
  if (entries.length > LISTED) names.push(`  and ${entries.length - LISTED} more`);
  const lines = [
    'These files will be lost; what is not in another copy cannot be brought back:',
    ...names,
    `${contracts.length} contracts end at their next epoch and free ${formatSize(storedBytes)} at providers; up to ${formatCoins(returns)} return (what was not earned by then), what was burned does not.`,
  ];
  if (repacks.length > 0) {
    const files = repacks.reduce((sum, holding) => sum + holding.entries.length, 0);
    const bytes = repacks.reduce((sum, holding) => sum + liveBytes(holding), 0);
    lines.push(
      `${repacks.length} packs are more than half dead then: the ${files} files left in them (${formatSize(bytes)}) are stored anew for the time they are paid for, which costs as much as storing them.`,
    );
  }
  if (leftBehind > 0) {
    lines.push(
      `${leftBehind} of them lie in packs with files that stay: their room comes free once more than half of a pack is dead.`,
    );
  }
  return lines;
}
