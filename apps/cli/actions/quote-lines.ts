import type { NetworkParams } from '#chain';
import type { RedundancyProfile } from '#fragments';
import { amountPerGiB, amountPerMonth, epochsToSeconds, MONTH_SECONDS, type Quote } from '#market';
import { estimateDurability } from '#placement';
import { formatCoins } from '../output/amounts.js';
import { formatSpan } from '../output/text.js';

/** What a quote is shown with. */
export interface QuoteExtras {
  /** Of the files themselves. */
  readonly sizeBytes: number;
  /** What the list of files costs on top. */
  readonly catalogue?: Quote;
  readonly profile: RedundancyProfile;
}

/** An itemised quote for people, before anything is paid. */
export function quoteToLines(params: NetworkParams, quote: Quote, extras: QuoteExtras): string[] {
  const { catalogue } = extras;
  const extra = catalogue?.total ?? 0n;
  const atMost = quote.totalAtMost + (catalogue?.totalAtMost ?? 0n);
  const deposits: [string, string][] = [];
  if (quote.reserve > 0n)
    deposits.push(['repair', `${formatCoins(quote.reserve)}, set aside; what no repair needs returns`]);
  if (quote.reads > 0n)
    deposits.push(['reads', `${formatCoins(quote.reads)}, locked; what is not read returns`]);
  if (catalogue !== undefined) {
    const returns = 'the list of your files, stored anew; what the last one has not earned returns';
    deposits.push(['catalogue', `${formatCoins(catalogue.total)}, about: ${returns}`]);
  }
  const rows: [string, string][] = [
    ['storage', `${formatCoins(quote.storage)}, paid epoch by epoch; what is not earned returns`],
    [
      'burn',
      `${formatCoins(quote.burn)}, NOT refundable; ${formatCoins(quote.burnAtMost)} at most if the burn price moves first`,
    ],
    ['fees', `${formatCoins(quote.fees)} at most, by the node’s estimate`],
    ...deposits,
    ['total', `${formatCoins(quote.total + extra)}, about; ${formatCoins(atMost)} at most`],
    ['a month', monthText(params, quote, extras.sizeBytes)],
    ['stored', `${(extras.profile.n / extras.profile.k).toFixed(2)} bytes per byte`],
    ['lost', lossText(extras.profile, quote.reserve > 0n)],
  ];
  return rows.map(([name, text]) => `  ${name.padEnd(9)}  ${text}`);
}

/** How likely the file is lost; without a repairer what that means, and what looking after it oneself does. */
function lossText(profile: RedundancyProfile, hasRepairer: boolean): string {
  if (hasRepairer) return `${estimateDurability(profile, 'repairer').text} (docs/durability)`;
  const { text } = estimateDurability(profile, 'nobody');
  return `${text}; ${estimateDurability(profile, 'owner').text} (docs/durability)`;
}

function monthText(params: NetworkParams, quote: Quote, sizeBytes: number): string {
  const month = amountPerMonth(params, quote.cost, quote.epochs);
  const perGiB = amountPerGiB(month, BigInt(sizeBytes));
  const each = perGiB === undefined ? '' : `, ${formatCoins(perGiB)} per GiB of yours`;
  const { epochBlocks } = params.contract;
  const { blockSeconds } = params.proofOfWork;
  const basis = `storage, burn and fees spread over the term; ${formatSpan(MONTH_SECONDS)}, ${epochsToSeconds(params, 1)} s an epoch (${epochBlocks} blocks of ${blockSeconds} s)`;
  return `${formatCoins(month)}${each} (${basis})`;
}
