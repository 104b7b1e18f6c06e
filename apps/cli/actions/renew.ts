import { entriesToHoldings, holdingName } from '#catalogue';
import { type CairnClient, contractNow, contractsOfHolding, renew as renewContract } from '#client';
import { AppError } from '#errors';
import type { NodeClient } from '#node-api';
import {
  defaultRenewalPolicy,
  findCandidates,
  keptByCatalogue,
  type PlannedContract,
  RenewalBook,
  type RenewalReport,
  RenewalRunner,
  renewByClient,
  reportToView,
} from '#renewals';
import type { CommandAction, CommandInput } from '../command.js';
import type { CliContext } from '../context.js';
import { EXIT_CODES } from '../exit-codes.js';
import { formatCoins, parseCoins } from '../output/amounts.js';
import { confirm } from '../output/ask.js';
import { formatTable, shortId } from '../output/table.js';
import { formatHeight, safeText } from '../output/text.js';
import { renewalsPath } from '../renewal-state.js';
import { withClient } from '../session.js';
import { numberOption, textOption } from './option-values.js';

/** Renews files or contracts now, or looks after all of them until Ctrl-C. */
export const renew: CommandAction = async ({ args, options }, context) =>
  withClient(context, async (client, node) =>
    options['auto'] === true
      ? renewAlways(client, node, options, context)
      : renewNow(client, node, args, options, context),
  );

async function renewNow(
  client: CairnClient,
  node: NodeClient,
  args: readonly string[],
  options: CommandInput['options'],
  context: CliContext,
): Promise<number | undefined> {
  const { output, params, signal } = context;
  if (args.length === 0) {
    throw new AppError({
      code: 'cli/nothing-named',
      message: 'Nothing was named to be renewed.',
      next: 'Give names of files or ids of contracts, or --auto with --limit.',
    });
  }
  const epochs = epochsOf(options, context);
  const limit = limitOf(options);
  const names = args.filter((given) => !isContractId(given));
  const entries = [];
  for (const name of names) entries.push(await client.file(name, { signal }));
  // Files of one pack go on together, once.
  const holdings = entriesToHoldings(entries);
  const kept = holdings.flatMap((holding) =>
    contractsOfHolding(holding).map((contract) => ({ contract, keeps: holdingName(holding) })),
  );
  const ids = args.filter(isContractId).map((id) => id.toLowerCase());
  const wanted = [...kept, ...ids.map((contract) => ({ contract, keeps: '' }))];
  const candidates = await findCandidates(node, params, wanted, epochs);
  const most = candidates.reduce((sum, { cost }) => sum + (cost ?? 0n), 0n);
  const refused = candidates.filter(({ cost }) => cost === undefined);
  output.note(
    `Renewing ${candidates.length} contracts for ${epochs} epochs takes at most ${formatCoins(most)}; what the old ones have not earned returns.`,
  );
  for (const { contract, why } of refused) output.note(`  not ${shortId(contract)}: ${why ?? 'refused'}`);
  if (limit !== undefined && most > limit) throw overLimit(most, limit);
  if (options['dryRun'] === true) {
    output.printJson({ dryRun: true, most, contracts: candidates, renewed: [], failed: [] });
    return undefined;
  }
  if (context.canAsk && !(await confirm('Renew for this price?', signal))) throw notConfirmed();
  const renewed = [];
  const failed = [];
  for (const holding of holdings) {
    const [entry] = holding.entries;
    if (entry === undefined) continue;
    const file = await client.renewFile(entry, {
      epochs,
      signal,
      ...(limit === undefined ? {} : { maxCost: limit }),
    });
    if (file.renewed.length > 0) await client.anchorRenewed([file], { signal });
    renewed.push(...file.renewed);
    failed.push(...file.failed);
  }
  for (const id of ids) {
    const now = await contractNow(node, id);
    renewed.push(
      await renewContract(client.context, now?.id ?? id, {
        epochs,
        signal,
        ...(limit === undefined ? {} : { maxCost: limit }),
      }),
    );
  }
  output.printJson({
    dryRun: false,
    most,
    contracts: candidates,
    renewed,
    failed: failed.map(({ contract, error }) => ({ contract, code: error.code, message: error.message })),
  });
  for (const { contract, renewed: successor } of renewed) output.print(`${contract} goes on as ${successor}`);
  for (const { contract, error } of failed)
    output.note(`not renewed: ${contract}: ${error.message} [${error.code}]`);
  return failed.length === 0 ? undefined : EXIT_CODES.tryAgain.code;
}

async function renewAlways(
  client: CairnClient,
  node: NodeClient,
  options: CommandInput['options'],
  context: CliContext,
): Promise<undefined> {
  const { output, params, signal } = context;
  const limit = limitOf(options);
  if (limit === undefined) {
    throw new AppError({
      code: 'cli/no-limit',
      message: 'Nothing is renewed by itself without a limit.',
      next: 'Give --limit COINS: the most that all automatic renewals of this data folder may take together.',
    });
  }
  const runner = new RenewalRunner({
    ledger: node,
    params,
    book: await RenewalBook.open(renewalsPath(context), params.name),
    policy: defaultRenewalPolicy(params, { limit, epochs: epochsOf(options, context) }),
    kept: keptByCatalogue(client),
    renew: renewByClient(client),
    log: {
      info: (_data, message) => output.note(message),
      warn: (_data, message) => output.note(`warning: ${message}`),
    },
  });
  const first = await runner.pass(signal);
  show(first, context);
  if (options['once'] === true) return undefined;
  output.note('Looking after your contracts until Ctrl-C.');
  await runner.follow(signal);
  return undefined;
}

function show(report: RenewalReport, { output, params }: CliContext): void {
  output.printJson(reportToView(report));
  const { plan, height, policy } = report;
  const { blockSeconds } = params.proofOfWork;
  if (plan.contracts.length > 0)
    output.print(
      formatTable(
        ['CONTRACT', 'KEEPS', 'ENDS', 'TAKES AT MOST', 'WHAT COMES'],
        plan.contracts.map((each) => [
          shortId(each.contract),
          safeText(each.keeps),
          formatHeight(each.endHeight, height, blockSeconds),
          each.cost === undefined ? '-' : formatCoins(each.cost),
          whatComes(each, height - (each.endHeight - policy.leadBlocks), (at) =>
            formatHeight(at, height, blockSeconds),
          ),
        ]),
        ['TAKES AT MOST'],
      ),
    );
  output.print(
    `spent ${formatCoins(plan.spent)}, under way ${formatCoins(plan.reserved)}, limit ${formatCoins(policy.limit ?? 0n)}`,
  );
}

function whatComes(
  { outlook, lapseWhy, hasOpenWindow, endHeight, blocksLeft }: PlannedContract,
  blocksDue: number,
  at: (height: number) => string,
): string {
  if (outlook !== 'automatic') return `LAPSES: ${lapseWhy ?? outlook}`;
  if (blocksDue < 0) return `renewed at ${at(endHeight - blocksLeft - blocksDue)}`;
  return hasOpenWindow ? 'renewed once its challenge is answered' : 'renewed with the next look';
}

function epochsOf(options: CommandInput['options'], { params }: CliContext): number {
  const { minEpochs, maxEpochs } = params.contract;
  const given = numberOption(options, 'epochs', { min: minEpochs, max: maxEpochs });
  return given ?? (params.name === 'devnet' ? 180 : 30);
}

function limitOf(options: CommandInput['options']): bigint | undefined {
  const text = textOption(options, 'limit');
  return text === undefined ? undefined : parseCoins(text);
}

function isContractId(given: string): boolean {
  return /^[0-9a-f]{64}$/i.test(given);
}

function overLimit(most: bigint, limit: bigint): AppError {
  return new AppError({
    code: 'renewals/limit',
    message: `This may take ${formatCoins(most)}, and the limit is ${formatCoins(limit)}.`,
    next: 'Raise --limit, or renew for fewer epochs with --epochs.',
    data: { most: most.toString(), limit: limit.toString() },
  });
}

function notConfirmed(): AppError {
  return new AppError({
    code: 'cli/not-confirmed',
    message: 'Nothing was renewed.',
    next: 'Answer with yes.',
  });
}
