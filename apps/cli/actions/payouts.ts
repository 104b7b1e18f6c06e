import { AppError } from '#errors';
import type { NodeClient } from '#node-api';
import { statementToCsv } from '#payouts';
import type { PayoutLineView, PayoutStatementView, PayoutsPort } from '#services';
import type { ContractView, PostingView } from '#wire';
import type { CommandAction, CommandInput } from '../command.js';
import type { CliContext } from '../context.js';
import { payoutsOf } from '../market-services.js';
import { formatCoins } from '../output/amounts.js';
import { formatFields, formatTable, shortId } from '../output/table.js';
import { withNode } from '../session.js';
import { readLimit } from './limits.js';
import { numberOption, readAccount, readContractId, textOption } from './option-values.js';

/** Reasons under which coins reach a provider for its work. */
const PAID_REASONS = ['tranche', 'vesting-paid', 'bounty', 'reads-paid'];

interface Payout {
  readonly posting: PostingView;
  readonly provider: string;
}

export const payouts: CommandAction = async ({ options }, context) =>
  withNode(context, async (node) => {
    if (options['csv'] === true) return printCsv(node, options, context);
    const { output, params } = context;
    const limit = readLimit(options['limit']);
    const given = textOption(options, 'provider');
    const contract = textOption(options, 'contract');
    const found = await findPayouts(node, limit, {
      provider: given === undefined ? undefined : readAccount(given, params),
      contract: contract === undefined ? undefined : readContractId(contract),
    });
    const total = found.reduce((sum, { posting }) => sum + BigInt(posting.amount), 0n);
    output.printJson({ payouts: found.map(({ posting, provider }) => ({ ...posting, provider })), total });
    if (found.length === 0) output.note('Nobody was paid yet.');
    else
      output.print(
        formatTable(
          ['HEIGHT', 'TIME', 'AMOUNT', 'WHY', 'PROVIDER', 'CONTRACT'],
          found.map(({ posting, provider }) => [
            String(posting.height),
            toTime(posting.time),
            formatCoins(posting.amount),
            posting.reason,
            provider,
            shortId(posting.subject),
          ]),
          ['HEIGHT', 'AMOUNT'],
        ),
      );
    return undefined;
  });

/** Every movement of coins of a provider, contract or epoch, with its reason and its sums. */
export const statement: CommandAction = async ({ options }, context) =>
  withNode(context, async (node) => {
    if (options['csv'] === true) return printCsv(node, options, context);
    const { output, params } = context;
    const whole = await readWhole(payoutsOf(node, params), aboutOf(options, context));
    output.printJson(whole);
    const { totals, items } = whole;
    output.print(
      formatFields([
        ['earned', formatCoins(totals.earned)],
        ['kept back', formatCoins(totals.held)],
        ['lost', formatCoins(totals.lost)],
        ['collateral locked', formatCoins(totals.deposited)],
        ['collateral returned', formatCoins(totals.returned)],
        ['as of height', String(whole.asOfHeight)],
      ]),
    );
    if (items.length === 0) output.note('No coin has moved yet.');
    else output.print(`\n${statementTable(items)}`);
    return undefined;
  });

function statementTable(lines: readonly PayoutLineView[]): string {
  return formatTable(
    ['HEIGHT', 'TIME', 'CONTRACT', 'EPOCH', 'GROUP', 'AMOUNT', 'WHY'],
    lines.map((line) => [
      String(line.height),
      toTime(line.time),
      shortId(line.contract),
      line.epoch === null ? '-' : String(line.epoch),
      line.group,
      formatCoins(line.amount),
      `${line.reason}: ${line.meaning}`,
    ]),
    ['HEIGHT', 'EPOCH', 'AMOUNT'],
  );
}

async function printCsv(
  node: NodeClient,
  options: CommandInput['options'],
  context: CliContext,
): Promise<undefined> {
  const { output, params } = context;
  if (output.json) {
    throw new AppError({
      code: 'cli/two-formats',
      message: '--csv and --json exclude each other.',
      next: 'Leave one of them out.',
    });
  }
  const { items } = await readWhole(payoutsOf(node, params), aboutOf(options, context));
  // The records bring their own ends of line.
  output.print(statementToCsv(items).replace(/\r\n$/, '\r'));
  return undefined;
}

/** What a statement is asked about. @throws AppError `cli/no-provider` */
function aboutOf(options: CommandInput['options'], { params }: CliContext) {
  const provider = textOption(options, 'provider');
  const contract = textOption(options, 'contract');
  if (provider === undefined && contract === undefined) {
    throw new AppError({
      code: 'cli/no-provider',
      message: 'A statement is of a provider or of a contract, and neither was named.',
      next: 'Give --provider ADDRESS, --contract ID or both.',
    });
  }
  return {
    provider: provider === undefined ? undefined : readAccount(provider, params),
    contract: contract === undefined ? undefined : readContractId(contract),
    epoch: numberOption(options, 'epoch', { max: 0xffff_ffff }),
  };
}

async function readWhole(
  port: PayoutsPort,
  about: ReturnType<typeof aboutOf>,
): Promise<Omit<PayoutStatementView, 'nextCursor'>> {
  const { nextCursor, ...first } = await port.statement({ ...about, limit: 200 });
  const items = [...first.items];
  let cursor = nextCursor;
  while (cursor !== null) {
    const page = await port.statement({ ...about, limit: 200, cursor });
    items.push(...page.items);
    cursor = page.nextCursor;
  }
  return { ...first, items };
}

async function findPayouts(
  node: NodeClient,
  limit: number,
  wanted: { readonly provider: string | undefined; readonly contract: string | undefined },
): Promise<Payout[]> {
  const contracts = new Map<string, ContractView | null>();
  const found: Payout[] = [];
  for (const reason of PAID_REASONS) {
    let cursor: string | undefined;
    let taken = 0;
    do {
      const page = await node.postings({ reason, cursor, limit: 200 });
      for (const posting of page.items) {
        if (taken >= limit) break;
        if (wanted.contract !== undefined && posting.subject !== wanted.contract) continue;
        let contract = contracts.get(posting.subject);
        if (contract === undefined) {
          contract = await node.contract({ id: posting.subject });
          contracts.set(posting.subject, contract);
        }
        if (wanted.provider !== undefined && contract?.provider !== wanted.provider) continue;
        found.push({ posting, provider: contract?.providerAddress ?? posting.to });
        taken += 1;
      }
      cursor = taken >= limit ? undefined : (page.nextCursor ?? undefined);
    } while (cursor !== undefined);
  }
  return found.sort((a, b) => b.posting.height - a.posting.height).slice(0, limit);
}

/** A time without its fraction. */
export function toTime(rfc3339: string): string {
  return rfc3339.slice(0, 19).replace('T', ' ');
}
