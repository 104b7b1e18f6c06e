import { stat } from 'node:fs/promises';
import { formatSize } from '#config';
import { BOOK_ORDERS, type Quote } from '#market';
import type { BookEntryView, QuoteView } from '#services';
import type { CommandAction, CommandInput } from '../command.js';
import { marketOf } from '../market-services.js';
import { formatCoins, parseCoins } from '../output/amounts.js';
import { formatFields, formatTable } from '../output/table.js';
import { formatHeight, formatSpan, safeText } from '../output/text.js';
import { withNode } from '../session.js';
import { readLimit } from './limits.js';
import { choiceOption, numberOption, readSize, shareOption, textOption } from './option-values.js';
import { readProfile } from './profiles.js';
import { quoteToLines } from './quote-lines.js';

/** The order book, as the ledger of the node shows it. */
export const offers: CommandAction = async ({ options }, context) =>
  withNode(context, async (node) => {
    const { output, params } = context;
    const limit = readLimit(options['limit']);
    const bytes = textOption(options, 'bytes');
    const request = {
      ...matchOptions(options),
      sort: choiceOption(options, 'sort', BOOK_ORDERS),
      all: options['all'] === true,
      onePerDomain: options['onePerDomain'] === true,
      bytes: bytes === undefined ? undefined : String(readSize(bytes, '--bytes')),
      epochs: numberOption(options, 'epochs', { min: 1, max: params.contract.maxEpochs }),
    };
    const market = marketOf(node, params);
    const entries: BookEntryView[] = [];
    let cursor: string | undefined;
    do {
      const page = await market.orderBook({
        ...request,
        limit: Math.min(200, limit - entries.length),
        cursor,
      });
      entries.push(...page.items);
      cursor = page.nextCursor ?? undefined;
    } while (cursor !== undefined && entries.length < limit);
    output.printJson({ offers: entries });
    if (entries.length === 0)
      output.note('No offer fits; with --all each is shown with what speaks against it.');
    else output.print(offerTable(entries, request.all));
    return undefined;
  });

function offerTable(entries: readonly BookEntryView[], isAll: boolean): string {
  const header = [
    'PROVIDER',
    'STATE',
    'PER GIB AND MONTH',
    'COLLATERAL',
    'PROVEN',
    'MISSED',
    'FREE',
    'EPOCHS',
    'DOMAIN',
  ];
  return formatTable(
    isAll ? [...header, 'WHY NOT'] : header,
    entries.map(({ offer, state, why, record, freeBytes, domain, pricePerGiBMonth }) => [
      offer.address,
      state,
      formatCoins(pricePerGiBMonth),
      `${offer.collateralBps / 100} %`,
      String(record.proven),
      String(record.missed),
      formatSize(BigInt(freeBytes)),
      `${offer.minEpochs} to ${offer.maxEpochs}`,
      safeText(domain ?? '-'),
      ...(isAll ? [safeText(why ?? '')] : []),
    ]),
    ['PER GIB AND MONTH', 'COLLATERAL', 'PROVEN', 'MISSED', 'FREE'],
  );
}

/** The itemised price of storing so many bytes, or a file, now. */
export const quote: CommandAction = async ({ args, options }, context) =>
  withNode(context, async (node) => {
    const { output, params } = context;
    const [given = ''] = args;
    const isDevnet = params.name === 'devnet';
    const sizeBytes = await sizeOf(given);
    const view = await marketOf(node, params).quote({
      ...matchOptions(options),
      sizeBytes,
      profile: textOption(options, 'profile') ?? (isDevnet ? 'devnet' : 'default'),
      epochs:
        numberOption(options, 'epochs', { min: 1, max: params.contract.maxEpochs }) ?? (isDevnet ? 180 : 30),
      withRepair: options['repair'] === true,
      reads: numberOption(options, 'reads', { max: 1_000_000 }) ?? 0,
    });
    output.printJson(view);
    const whole = viewToQuote(view);
    output.print(
      [
        `${formatSize(sizeBytes)}, profile ${view.profile}, ${formatSize(BigInt(view.storedBytes))} stored in ` +
          `${view.items.length} contracts for ${view.epochs} epochs (${formatSpan(view.termSeconds)}):`,
        ...quoteToLines(params, whole, { sizeBytes, profile: readProfile(view.profile) }),
      ].join('\n'),
    );
    output.print(`\n${output.strong('Providers')}`);
    output.print(
      formatTable(
        ['PROVIDER', 'STORED', 'STORAGE', 'BURN', 'FEES', 'REPAIR', 'READS', 'TOTAL'],
        view.items.map((item) => [
          item.provider,
          formatSize(BigInt(item.totalBytes)),
          formatCoins(item.storage),
          formatCoins(item.burn),
          formatCoins(item.fees),
          formatCoins(item.reserve),
          formatCoins(item.reads),
          formatCoins(item.total),
        ]),
        ['STORED', 'STORAGE', 'BURN', 'FEES', 'REPAIR', 'READS', 'TOTAL'],
      ),
    );
    for (const { provider, why } of view.refusals) output.note(`not ${provider}: ${safeText(why)}`);
    return undefined;
  });

/** What burning costs, and how that moved. */
export const burnPrice: CommandAction = async ({ options }, context) =>
  withNode(context, async (node) => {
    const { output, params } = context;
    const [{ tip }, price, { items: moves }] = await Promise.all([
      node.status(),
      node.burnPrice(),
      node.burnPriceMoves({ limit: Math.min(200, readLimit(options['limit'])) }),
    ]);
    output.printJson({ ...price, moves });
    const at = (height: number) => formatHeight(height, tip.height, params.proofOfWork.blockSeconds);
    output.print(
      formatFields([
        ['burned now', `${formatCoins(price.perGiBEpoch)} per GiB and epoch; never refunded`],
        ['floor', formatCoins(price.floorPerGiBEpoch)],
        ['moves next', `with block ${at(price.movesAt)}, by at most an eighth`],
        ['if no more is stored', `${formatCoins(price.nextIfQuiet)} from then on`],
        [
          'median so far',
          `${price.medianMiBEpochs} MiB-epochs a block; it stays at ${price.targetMiBEpochs}`,
        ],
      ]),
    );
    if (moves.length === 0) return undefined;
    output.print(`\n${output.strong('Moves')}`);
    output.print(
      formatTable(
        ['HEIGHT', 'TIME', 'BEFORE', 'AFTER', 'MEDIAN'],
        moves.map((move) => [
          String(move.height),
          move.time.slice(0, 19).replace('T', ' '),
          formatCoins(move.before),
          formatCoins(move.perGiBEpoch),
          move.medianMiBEpochs,
        ]),
        ['HEIGHT', 'BEFORE', 'AFTER', 'MEDIAN'],
      ),
    );
    return undefined;
  });

/** What is looked for in the order book, from the flags. */
function matchOptions(options: CommandInput['options']) {
  const maxPrice = textOption(options, 'maxPrice');
  return {
    maxPricePerGiBEpoch: maxPrice === undefined ? undefined : parseCoins(maxPrice).toString(),
    minCollateralBps: shareOption(options, 'minCollateral'),
    minProven: numberOption(options, 'minProven'),
    maxMissedBps: shareOption(options, 'maxMissed'),
    region: textOption(options, 'region'),
    owner: textOption(options, 'owner'),
  };
}

/** A size as text, or that of a file. */
async function sizeOf(given: string): Promise<number> {
  const file = await stat(given).catch(() => undefined);
  return file?.isFile() === true ? file.size : readSize(given, 'SIZE');
}

/** The sums of a quote that came as JSON. */
function viewToQuote({ items, epochs, storedBytes, ...view }: QuoteView): Quote {
  const { storage, burn, burnAtMost, fees, reserve, reads, cost, total, totalAtMost } = view;
  return {
    contracts: items.length,
    epochs,
    storedBytes: BigInt(storedBytes),
    storage: BigInt(storage),
    burn: BigInt(burn),
    burnAtMost: BigInt(burnAtMost),
    fees: BigInt(fees),
    reserve: BigInt(reserve),
    reads: BigInt(reads),
    cost: BigInt(cost),
    total: BigInt(total),
    totalAtMost: BigInt(totalAtMost),
    lines: [],
  };
}
