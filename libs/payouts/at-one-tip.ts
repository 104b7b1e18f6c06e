import { AppError } from '#errors';
import type { LedgerPort } from '#ledger';
import type { StatusView } from '#wire';

const MAX_ATTEMPTS = 5;

/**
 * Reads that take several questions, all answered by one chain: where a reorganisation came between them, they are
 * asked again. Blocks that come on top change no answer about what is below.
 * @throws AppError `payouts/reorganised` where the chain keeps changing under the reads
 */
export async function readAtOneTip<T>(
  ledger: Pick<LedgerPort, 'status' | 'block'>,
  read: (tip: StatusView['tip']) => Promise<T>,
): Promise<T> {
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
    const { tip } = await ledger.status();
    const answer = await read(tip);
    const block = await ledger.block({ ref: String(tip.height) });
    if (block?.id === tip.id) return answer;
  }
  throw new AppError({
    code: 'payouts/reorganised',
    message: `the chain was reorganised ${MAX_ATTEMPTS} times while the sums were made`,
    next: 'ask again in a moment; see the log of the node for the reorganisations',
  });
}
