import { join } from 'node:path';
import type { NetworkParams } from '#chain';
import { RenewalBook, type RenewalBookState } from '#renewals';
import type { ContractView } from '#wire';
import type { CliContext } from './context.js';
import { formatHeight } from './output/text.js';

/** Where it is kept what automatic renewal did. */
export function renewalsPath({ config }: CliContext): string {
  return join(config.dataDir, 'renewals.json');
}

/** What automatic renewal by this data folder did. */
export async function readRenewals(context: CliContext): Promise<RenewalBookState> {
  return (await RenewalBook.open(renewalsPath(context), context.params.name)).state;
}

/** How a contract ends, for programs and for people. */
export interface Ending {
  readonly endHeight: number;
  readonly blocksLeft: number;
  readonly isRenewed: boolean;
  readonly why: string | null;
  readonly text: string;
}

/** What becomes of a contract at its end. */
export function endingOf(
  { view, keeps }: { readonly view: ContractView; readonly keeps: string | undefined },
  height: number,
  book: RenewalBookState,
  { params }: CliContext,
): Ending {
  const { endHeight } = view;
  const blocksLeft = endHeight - height;
  const at = formatHeight(endHeight, height, params.proofOfWork.blockSeconds);
  const ending = (isRenewed: boolean, why: string | null, text: string): Ending => ({
    endHeight,
    blocksLeft,
    isRenewed,
    why,
    text,
  });
  if (view.status !== 'active') {
    const on = view.successor === null ? '' : `, goes on as ${view.successor.slice(0, 12)}…`;
    return ending(view.successor !== null, null, `${view.status}${on}`);
  }
  if (view.endEpoch < view.epochs) return ending(false, 'you ended it', `ended by you at ${at}`);
  if (keeps === undefined)
    return ending(false, 'it keeps nothing', `ends at ${at}: keeps nothing, not renewed`);
  const why = whyNot(view.id, height, book, params);
  const left = blocksLeft >= 0 ? `ends in ${blocksLeft} blocks` : 'has ended';
  if (why === undefined) return ending(true, null, `${left}, at ${at}: renewed automatically`);
  return ending(false, why, `${left}, NOT renewed: lapses at ${at}`);
}

function whyNot(
  contract: string,
  height: number,
  { limit, lastPass, outlooks }: RenewalBookState,
  params: NetworkParams,
): string | undefined {
  if (limit === undefined || lastPass === undefined) return 'automatic renewal is off here';
  // Whoever looks after renewals looks once in a proof's window; a place missed may be chance.
  if (height - lastPass.height > 2 * params.contract.windowBlocks + 10)
    return `nobody has looked since height ${lastPass.height}: is \`cairn renew --auto\` running?`;
  const found = outlooks.get(contract);
  if (found === undefined) return 'automatic renewal has not looked at it yet';
  return found.outlook === 'automatic' ? undefined : (found.why ?? found.outlook);
}
