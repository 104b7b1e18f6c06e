import { Wallet } from '#client';
import { createNetworkLaw } from '#contracts';
import { nativeCrypto } from '#crypto-native';
import { AppError } from '#errors';
import type { NodeClient } from '#node-api';
import type { ContractView } from '#wire';
import type { CommandAction } from '../command.js';
import { formatCoins } from '../output/amounts.js';
import { shortId } from '../output/table.js';
import { formatHeight } from '../output/text.js';
import { withNode } from '../session.js';
import { confirmLoss } from './confirm-loss.js';
import { readContractId, readNumber } from './option-values.js';
import { ownProviderIdentity } from './provider-address.js';

/** Declares the one maintenance skip of a contract: an epoch unpaid and without a strike. */
export const skip: CommandAction = async ({ args, options }, context) => {
  const id = readContractId(args[0] ?? '');
  return withNode(context, async (node) => {
    const { output, params, signal } = context;
    const { keys, address } = await ownProviderIdentity(context);
    const contract = await ownContract(node, id, address);
    const epoch = args[1] === undefined ? contract.nextEpoch : readNumber(args[1], 'EPOCH', 0, 0xffff_ffff);
    const { tip } = await node.status();
    const { epochBlocks } = params.contract;
    const challengedAt =
      contract.nextChallengeHeight === null
        ? null
        : contract.nextChallengeHeight + (epoch - contract.nextEpoch) * epochBlocks;
    const loss = [
      `Epoch ${epoch} of ${shortId(id)} will not be challenged${challengedAt === null ? '' : `, at height ${formatHeight(challengedAt, tip.height, params.proofOfWork.blockSeconds)}`}:`,
      `  ${formatCoins(contract.tranche)} are not earned; no strike; this was the only skip of the contract.`,
    ];
    if (options['dryRun'] === true) {
      output.note(loss.join('\n'));
      output.printJson({ dryRun: true, contract: id, epoch, challengedAt, transaction: null });
      return undefined;
    }
    await confirmLoss(context, loss, 'Declare it?');
    const wallet = new Wallet({ ledger: node, law: createNetworkLaw(params, nativeCrypto), key: keys });
    const submitted = await wallet.submit('skip', { contract: id, epoch });
    const { height } = await wallet.confirm(submitted, { signal });
    output.printJson({ dryRun: false, contract: id, epoch, challengedAt, transaction: submitted.id, height });
    output.print(submitted.id);
    return undefined;
  });
};

/** Says that the provider wants to leave contracts: from then on the repairer may give them to another. */
export const drain: CommandAction = async ({ args, options }, context) =>
  withNode(context, async (node) => {
    const { output, params, signal } = context;
    const { keys, address } = await ownProviderIdentity(context);
    const chosen =
      options['all'] === true ? await activeContracts(node, address) : await named(node, args, address);
    const contracts = chosen.filter(({ drainedAt }) => drainedAt === null);
    const ids = contracts.map(({ id }) => id);
    const loss = [
      `${contracts.length} contracts are given up to whoever repairs them; until then they go on and must be proven:`,
      ...contracts.map(
        ({ id, tranche, repair }) =>
          `  ${shortId(id)}  ${formatCoins(tranche)} an epoch${repair === null ? '; names no repairer: nobody will take it' : ''}`,
      ),
    ];
    if (options['dryRun'] === true || contracts.length === 0) {
      output.note(contracts.length === 0 ? 'No contract is left to drain.' : loss.join('\n'));
      output.printJson({ dryRun: options['dryRun'] === true, contracts: ids, drained: [] });
      return undefined;
    }
    await confirmLoss(context, loss, 'Drain them?');
    const wallet = new Wallet({ ledger: node, law: createNetworkLaw(params, nativeCrypto), key: keys });
    const submitted = [];
    for (const contract of ids) submitted.push(await wallet.submit('drain', { contract }));
    for (const transaction of submitted) await wallet.confirm(transaction, { signal });
    output.printJson({ dryRun: false, contracts: ids, drained: ids });
    for (const id of ids) output.print(id);
    return undefined;
  });

async function named(node: NodeClient, args: readonly string[], address: string): Promise<ContractView[]> {
  if (args.length === 0) {
    throw new AppError({
      code: 'cli/no-contract',
      message: 'No contract was named.',
      next: 'Give ids, or --all.',
    });
  }
  const contracts: ContractView[] = [];
  for (const given of args) contracts.push(await ownContract(node, readContractId(given), address));
  return contracts;
}

async function activeContracts(node: NodeClient, provider: string): Promise<ContractView[]> {
  const contracts: ContractView[] = [];
  let cursor: string | undefined;
  do {
    const page = await node.contracts({ provider, status: 'active', limit: 200, cursor });
    contracts.push(...page.items);
    cursor = page.nextCursor ?? undefined;
  } while (cursor !== undefined);
  return contracts;
}

async function ownContract(node: NodeClient, id: string, address: string): Promise<ContractView> {
  const contract = await node.contract({ id });
  if (contract?.providerAddress === address) return contract;
  throw new AppError({
    code: 'contract/not-yours',
    message: `${id} is no contract of the provider ${address}.`,
    next: 'See `cairn provider status --provider ADDRESS --json` for its contracts.',
  });
}
