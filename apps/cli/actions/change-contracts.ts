import type { FileEntry } from '#catalogue';
import {
  type CairnClient,
  contractNow,
  contractsOf,
  drop as dropFragments,
  extend as extendContract,
  liveFragments,
  manifestOf,
} from '#client';
import { AppError } from '#errors';
import type { NodeClient } from '#node-api';
import type { CommandAction } from '../command.js';
import { EXIT_CODES } from '../exit-codes.js';
import { formatCoins } from '../output/amounts.js';
import { confirm } from '../output/ask.js';
import { shortId } from '../output/table.js';
import { withClient } from '../session.js';
import { confirmLoss } from './confirm-loss.js';
import { readContractId, readNumber } from './option-values.js';

/** Makes the term of a file's contracts, or of one contract, longer. */
export const extend: CommandAction = async ({ args, options }, context) =>
  withClient(context, async (client, node) => {
    const { output, params, signal } = context;
    const [given = '', count = ''] = args;
    const epochs = readNumber(count, 'EPOCHS', 1, params.contract.maxEpochs);
    const isContract = /^[0-9a-f]{64}$/i.test(given);
    const entry = isContract ? undefined : await client.file(given, { signal });
    const named = entry === undefined ? [given.toLowerCase()] : contractsOf(manifestOf(entry));
    const contracts = await currentContracts(node, named);
    const escrow = contracts.reduce((sum, { tranche }) => sum + BigInt(tranche) * BigInt(epochs), 0n);
    output.note(
      `Extending ${contracts.length} contracts by ${epochs} epochs: about ${formatCoins(escrow)} into escrow, and the burn for it, which is not refundable.`,
    );
    const ids = contracts.map(({ id }) => id);
    if (options['dryRun'] === true) {
      output.printJson({ dryRun: true, contracts: ids, epochs, escrow, extended: [], failed: [] });
      return undefined;
    }
    if (context.canAsk && !(await confirm('Extend for this price?', signal))) {
      throw new AppError({
        code: 'cli/not-confirmed',
        message: 'Nothing was extended.',
        next: 'Answer with yes.',
      });
    }
    const extended: { contract: string; transaction: string; cost: bigint }[] = [];
    const failed: { contract: string; code: string; message: string }[] = [];
    for (const id of ids) {
      try {
        const { transaction, cost } = await extendContract(client.context, id, epochs, { signal });
        extended.push({ contract: id, transaction, cost });
        output.print(`${id}  ${formatCoins(cost)}`);
      } catch (error) {
        if (!(error instanceof AppError)) throw error;
        failed.push({ contract: id, code: error.code, message: error.message });
        output.note(`not extended: ${id}: ${error.message} [${error.code}]`);
      }
    }
    if (entry !== undefined && failed.length === 0) await publish(client, node, entry, ids, signal);
    output.printJson({ dryRun: false, contracts: ids, epochs, escrow, extended, failed });
    return failed.length === 0 ? undefined : EXIT_CODES.tryAgain.code;
  });

/** Gives up fragments of a contract: they can never be read again from it. */
export const drop: CommandAction = async ({ args, options }, context) =>
  withClient(context, async (client, node) => {
    const { output, signal } = context;
    const [given = '', ...fragments] = args;
    const [contract] = await currentContracts(node, [readContractId(given)]);
    const id = contract?.id ?? given;
    const live = await liveFragments(client.context, id);
    const wanted = fragments.map((fragment) => fragment.toLowerCase());
    const missing = wanted.find((fragment) => ![...live].some((each) => each === fragment));
    if (missing !== undefined) {
      throw new AppError({
        code: 'cli/no-fragment',
        message: `Contract ${shortId(id)} keeps no fragment '${missing.slice(0, 80)}'.`,
        next: `It keeps ${live.size}: the node’s /contracts/${id}/fragments lists them.`,
      });
    }
    const loss = [
      `${wanted.length} of ${live.size} fragments of contract ${shortId(id)} are given up; its provider then deletes them:`,
      '  what the epochs to come cost less returns; what was burned for them does not.',
    ];
    if (options['dryRun'] === true) {
      output.note(loss.join('\n'));
      output.printJson({ dryRun: true, contract: id, fragments: wanted, transactions: [] });
      return undefined;
    }
    await confirmLoss(context, loss, 'Drop them?');
    const dropped = await dropFragments(client.context, id, wanted, { signal });
    output.printJson({ dryRun: false, contract: id, fragments: wanted, transactions: dropped.transactions });
    for (const transaction of dropped.transactions) output.print(transaction);
    return undefined;
  });

/** The contracts as they go on now. */
async function currentContracts(node: NodeClient, ids: readonly string[]) {
  const contracts = [];
  for (const id of ids) {
    const contract = await contractNow(node, id);
    if (contract === null) {
      throw new AppError({
        code: 'contract/unknown',
        message: `The node knows no contract ${id}.`,
        next: 'The node may still be syncing; `cairn node status` shows how far it is.',
      });
    }
    contracts.push(contract);
  }
  return contracts;
}

/** Says in the catalogue how long the file is paid for now. */
async function publish(
  client: CairnClient,
  node: NodeClient,
  entry: FileEntry,
  ids: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  const ends: number[] = [];
  for (const id of ids) ends.push((await node.contract({ id }))?.endHeight ?? 0);
  if (ends.length === 0) return;
  const extended = { ...entry, paidUntilHeight: BigInt(Math.min(...ends)) };
  await client.anchorRenewed([{ entry: extended, before: entry.manifest, successors: new Map() }], {
    signal,
  });
}
