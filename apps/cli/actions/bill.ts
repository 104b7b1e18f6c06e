import { contractsOf, manifestOf } from '#client';
import { AppError } from '#errors';
import { addBills, type Bill, type BillDifference, compareToQuote, type QuotePrice, readBill } from '#market';
import type { NodeClient } from '#node-api';
import type { CommandAction } from '../command.js';
import type { CliContext } from '../context.js';
import { formatCoins } from '../output/amounts.js';
import { formatFields, formatTable, shortId } from '../output/table.js';
import { safeText } from '../output/text.js';
import { type KeptQuote, readQuotes } from '../quotes-file.js';
import { withClient, withNode } from '../session.js';

/** A contract's bill, and the quote it was stored by where one was kept. */
interface BilledContract {
  readonly bill: Bill;
  readonly quoted: KeptQuote | undefined;
}

/** What files or contracts really cost, beside what was quoted. */
export const bill: CommandAction = async ({ args }, context) => {
  const isContract = (given: string) => /^[0-9a-f]{64}$/i.test(given);
  if (args.every(isContract)) {
    const ids = args.map((id) => id.toLowerCase());
    return withNode(context, (node) => showBills(node, ids, context));
  }
  return withClient(context, async (client, node) => {
    const ids: string[] = [];
    for (const given of args) {
      if (isContract(given)) ids.push(given.toLowerCase());
      else ids.push(...contractsOf(manifestOf(await client.file(given, { signal: context.signal }))));
    }
    return showBills(node, ids, context);
  });
};

async function showBills(node: NodeClient, ids: readonly string[], context: CliContext): Promise<undefined> {
  const { output, config } = context;
  const quotes = await readQuotes(config.dataDir);
  const billed: BilledContract[] = [];
  for (const id of await withChains(node, ids)) {
    billed.push({ bill: await billOrThrow(node, id), quoted: quotes.get(id) });
  }
  const [first, ...others] = billed;
  if (first === undefined) {
    output.printJson({ contracts: [], total: null, difference: null });
    output.note('An empty file has no contracts: nothing was paid for it.');
    return undefined;
  }
  const total = addBills(first.bill, ...others.map((each) => each.bill));
  const difference = differenceOf(billed);
  output.printJson({
    contracts: billed.map(({ bill: each, quoted }) => ({ ...each, quoted: quoted ?? null })),
    total,
    difference: difference ?? null,
  });
  output.print(formatFields(billFields(total, difference)));
  if (difference === undefined)
    output.note(
      'Not every contract has a quote in this data folder (`cairn put` keeps them; renewals have none), so nothing stands beside the bill.',
    );
  output.print(`\n${output.strong('Contracts')}`);
  output.print(
    formatTable(
      ['CONTRACT', 'STATUS', 'PROVIDER', 'TAKEN', 'PAID', 'HELD', 'BURNED', 'REFUNDED', 'LOCKED', 'KEEPS'],
      billed.map(({ bill: each, quoted }) => [
        shortId(each.contract),
        each.status,
        shortId(each.address),
        formatCoins(each.total),
        formatCoins(each.paid),
        formatCoins(each.held),
        formatCoins(each.burned),
        formatCoins(each.refunded + each.compensation),
        formatCoins(each.stillLocked),
        safeText(quoted?.name ?? '-'),
      ]),
      ['TAKEN', 'PAID', 'HELD', 'BURNED', 'REFUNDED', 'LOCKED'],
    ),
  );
  return undefined;
}

/** The contracts, those they continue, and those that continue them: a file's whole history is on its bill. */
async function withChains(node: NodeClient, ids: readonly string[]): Promise<ReadonlySet<string>> {
  const all = new Set<string>();
  const waiting = [...ids];
  for (let id = waiting.shift(); id !== undefined; id = waiting.shift()) {
    if (all.has(id)) continue;
    all.add(id);
    const view = await node.contract({ id });
    if (view?.origin) waiting.push(view.origin.contract);
    if (view?.successor) waiting.push(view.successor);
  }
  return all;
}

/** What was taken against what was quoted, where every contract has its quote. */
function differenceOf(billed: readonly BilledContract[]): BillDifference | undefined {
  let sum: BillDifference | undefined;
  for (const { bill: each, quoted } of billed) {
    if (quoted === undefined) return undefined;
    const one = compareToQuote(each, quoted.price);
    sum = sum === undefined ? one : addDifferences(sum, one);
  }
  return sum;
}

function addDifferences(a: BillDifference, b: BillDifference): BillDifference {
  const quoted: Record<keyof QuotePrice, bigint> = { ...a.quoted };
  for (const name of Object.keys(quoted) as (keyof QuotePrice)[]) quoted[name] += b.quoted[name];
  return {
    quoted,
    storage: a.storage + b.storage,
    reserve: a.reserve + b.reserve,
    reads: a.reads + b.reads,
    burn: a.burn + b.burn,
    fees: a.fees + b.fees,
    total: a.total + b.total,
  };
}

function billFields(total: Bill, difference: BillDifference | undefined): [string, string][] {
  const beside = (name: Exclude<keyof BillDifference, 'quoted'>): string => {
    if (difference === undefined) return '';
    const more = difference[name];
    const word = more === 0n ? 'as quoted' : `${more > 0n ? '+' : ''}${formatCoins(more)}`;
    return `  (quoted ${formatCoins(difference.quoted[name])}: ${word})`;
  };
  const fields: [string, string][] = [
    ['storage, locked', `${formatCoins(total.storage)}${beside('storage')}`],
    ['burned', `${formatCoins(total.burned)}${beside('burn')}`],
    ['fees', `${formatCoins(total.fees)}${beside('fees')}`],
    ['repair, set aside', `${formatCoins(total.reserve)}${beside('reserve')}`],
    ['reads, locked', `${formatCoins(total.reads)}${beside('reads')}`],
    ['taken in all', `${formatCoins(total.total)}${beside('total')}`],
    ['paid so far', formatCoins(total.paid)],
    ['kept back', `${formatCoins(total.held)}, paid at the end`],
    ['refunded so far', formatCoins(total.refunded)],
    ['compensation', `${formatCoins(total.compensation)}, from providers that missed`],
    ['still locked', `${formatCoins(total.stillLocked)}; what is not earned returns`],
  ];
  if (total.carriedIn > 0n)
    fields.push(['came in', `${formatCoins(total.carriedIn)}, from a contract before`]);
  if (total.carriedOver > 0n)
    fields.push([
      'went on',
      `${formatCoins(total.carriedOver)}, into the contract that continues one of them`,
    ]);
  return fields;
}

async function billOrThrow(node: NodeClient, id: string): Promise<Bill> {
  const found = await readBill(node, id);
  if (found !== null) return found;
  throw new AppError({
    code: 'contract/unknown',
    message: `The node knows no contract ${id}.`,
    next: 'The node may still be syncing; `cairn node status` shows how far it is.',
  });
}
