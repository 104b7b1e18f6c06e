import type { ForecastLineView, PenaltyView, RiskLineView } from '#services';
import type { CommandAction, CommandInput } from '../command.js';
import type { CliContext } from '../context.js';
import { payoutsOf } from '../market-services.js';
import { formatCoins } from '../output/amounts.js';
import { formatFields, formatTable, shortId } from '../output/table.js';
import { formatHeight } from '../output/text.js';
import { withNode } from '../session.js';
import { readLimit } from './limits.js';
import { numberOption, readAccount, readContractId, textOption } from './option-values.js';
import { toTime } from './payouts.js';
import { ownProviderAddress } from './provider-address.js';

/** What the next epochs of a provider's contracts will pay. */
export const forecast: CommandAction = async ({ options }, context) =>
  withNode(context, async (node) => {
    const { output, params } = context;
    const contract = textOption(options, 'contract');
    const view = await payoutsOf(node, params).forecast({
      provider: await providerOf(options, context),
      contract: contract === undefined ? undefined : readContractId(contract),
      epochs: numberOption(options, 'epochs', { min: 1, max: params.contract.maxEpochs }) ?? 3,
    });
    output.printJson(view);
    if (view.items.length === 0) {
      output.note('No active contract: nothing will be paid.');
      return undefined;
    }
    const at = (height: number) => formatHeight(height, view.asOfHeight, params.proofOfWork.blockSeconds);
    output.print(
      formatTable(
        ['PAID AT', 'CONTRACT', 'FOR', 'PAID', 'KEPT BACK', 'BOUNTY', 'COLLATERAL BACK', 'PROOF DUE BY'],
        view.items.map((line) => [
          at(line.height),
          shortId(line.contract),
          forecastText(line),
          formatCoins(line.paid),
          formatCoins(line.vesting),
          formatCoins(line.bounty),
          formatCoins(line.collateral),
          line.closesAt === null ? '-' : at(line.closesAt),
        ]),
        ['PAID', 'KEPT BACK', 'BOUNTY', 'COLLATERAL BACK'],
      ),
    );
    const { paid, vesting, bounty, collateral } = view.totals;
    output.print(
      `\n${formatCoins(paid)} paid, ${formatCoins(vesting)} kept back, ${formatCoins(bounty)} bounty, ` +
        `${formatCoins(collateral)} collateral back`,
    );
    output.note(`Assumed: ${view.assumption}.`);
    return undefined;
  });

function forecastText({ kind, epoch }: ForecastLineView): string {
  const texts = {
    proof: `proof of epoch ${epoch}`,
    skipped: `epoch ${epoch}, skipped`,
    settlement: 'settlement',
  };
  return texts[kind];
}

/** What a provider may lose. */
export const risk: CommandAction = async ({ options }, context) =>
  withNode(context, async (node) => {
    const { output, params } = context;
    const view = await payoutsOf(node, params).risk({ provider: await providerOf(options, context) });
    output.printJson(view);
    output.print(
      formatFields([
        ['collateral', `${formatCoins(view.collateral)} locked`],
        ['kept back', `${formatCoins(view.vesting)}, lost where a contract fails`],
        ['open challenges', `${view.openChallenges} without a proof`],
        ['missing them costs', formatCoins(view.atStakeNow)],
      ]),
    );
    if (view.items.length === 0) output.note('No active contract: nothing is at risk.');
    else output.print(`\n${riskTable(view.items, view.asOfHeight, context)}`);
    return undefined;
  });

function riskTable(lines: readonly RiskLineView[], height: number, { params }: CliContext): string {
  const { blockSeconds } = params.proofOfWork;
  return formatTable(
    ['CONTRACT', 'STRIKES', 'CHALLENGE', 'PROOF DUE BY', 'COLLATERAL', 'KEPT BACK', 'A MISS COSTS', ''],
    lines.map((line) => [
      shortId(line.contract),
      `${line.strikes} of ${line.strikesToFail}`,
      line.open === null ? `next at ${line.nextChallengeHeight ?? '-'}` : `epoch ${line.open.epoch} open`,
      line.open === null ? '-' : formatHeight(line.open.closesAt, height, blockSeconds),
      formatCoins(line.collateral),
      formatCoins(line.vesting),
      formatCoins(line.ifMissed.total),
      line.ifMissed.fails ? 'and FAILS the contract' : '',
    ]),
    ['COLLATERAL', 'KEPT BACK', 'A MISS COSTS'],
  );
}

/** Who was penalised and why. */
export const penalties: CommandAction = async ({ options }, context) =>
  withNode(context, async (node) => {
    const { output, params } = context;
    const given = textOption(options, 'provider');
    const provider = given === undefined ? undefined : readAccount(given, params);
    const limit = readLimit(options['limit']);
    const port = payoutsOf(node, params);
    const found: PenaltyView[] = [];
    let cursor: string | undefined;
    do {
      const page = await port.penalties({ provider, limit: Math.min(200, limit - found.length), cursor });
      found.push(...page.items);
      cursor = page.nextCursor ?? undefined;
    } while (cursor !== undefined && found.length < limit);
    output.printJson({ penalties: found });
    if (found.length === 0) output.note('Nobody was penalised yet.');
    else
      output.print(
        formatTable(
          ['HEIGHT', 'TIME', 'PROVIDER', 'CONTRACT', 'LOST', 'WHY'],
          found.map((penalty) => [
            String(penalty.height),
            toTime(penalty.time),
            penalty.address,
            shortId(penalty.contract),
            formatCoins(penalty.lost),
            penalty.why,
          ]),
          ['HEIGHT', 'LOST'],
        ),
      );
    return undefined;
  });

/** What blocks paid a miner. */
export const rewards: CommandAction = async ({ args }, context) =>
  withNode(context, async (node) => {
    const { output, params } = context;
    const miner = readAccount(args[0] ?? '', params);
    const { items, nextCursor } = await payoutsOf(node, params).minerRewards({ miner, limit: 200 });
    output.printJson({ rewards: items, more: nextCursor !== null });
    if (items.length === 0) output.note('No block of this miner has matured yet.');
    else
      output.print(
        formatTable(
          ['BLOCK', 'TIME', 'MATURE AT', 'REWARD', 'SUBSIDY', 'FEES', 'POOL', 'FIRST PROOFS', 'OF CONTRACTS'],
          items.map((reward) => [
            String(reward.height),
            toTime(reward.time),
            String(reward.maturedAt),
            formatCoins(reward.amount),
            formatCoins(reward.subsidy),
            formatCoins(reward.fees),
            formatCoins(reward.poolDraw),
            formatCoins(reward.proofMint),
            reward.inclusions.map(({ contract }) => shortId(contract)).join(', '),
          ]),
          ['BLOCK', 'MATURE AT', 'REWARD', 'SUBSIDY', 'FEES', 'POOL', 'FIRST PROOFS'],
        ),
      );
    return undefined;
  });

/** The provider that was named, or the one of this folder. */
async function providerOf(options: CommandInput['options'], context: CliContext): Promise<string> {
  const given = textOption(options, 'provider');
  return given === undefined ? ownProviderAddress(context) : readAccount(given, context.params);
}
