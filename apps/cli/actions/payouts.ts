import { parseAccount } from '#chain';
import { allPages } from '#client';
import { AppError, violationToText } from '#errors';
import type { NodeClient } from '#node-api';
import type { ContractView, PostingView } from '#wire';
import type { CommandAction } from '../command.js';
import type { CliContext } from '../context.js';
import { formatCoins } from '../output/amounts.js';
import { formatTable, shortId } from '../output/table.js';
import { withNode } from '../session.js';
import { readLimit } from './limits.js';

/** Reasons under which coins reach a provider for its work. */
const PAYOUT_REASONS = ['tranche', 'vesting-paid'];

interface Payout {
  readonly posting: PostingView;
  readonly provider: string;
}

export const payouts: CommandAction = async ({ options }, context) =>
  withNode(context, async (node) => {
    const { output } = context;
    const limit = readLimit(options['limit']);
    const wanted = providerOf(options['provider'], context);
    const found = await findPayouts(node, limit, wanted);
    const total = found.reduce((sum, { posting }) => sum + BigInt(posting.amount), 0n);
    output.printJson({ payouts: found.map(({ posting, provider }) => ({ ...posting, provider })), total });
    if (found.length === 0) output.note('Nobody was paid yet.');
    else
      output.print(
        formatTable(
          ['HEIGHT', 'TIME', 'AMOUNT', 'WHY', 'PROVIDER', 'CONTRACT'],
          found.map(({ posting, provider }) => [
            String(posting.height),
            posting.time.slice(0, 19).replace('T', ' '),
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

async function findPayouts(node: NodeClient, limit: number, wanted: string | undefined): Promise<Payout[]> {
  const contracts = new Map<string, ContractView | null>();
  const mine =
    wanted === undefined
      ? undefined
      : new Set(
          (
            await allPages<ContractView>((cursor) => node.contracts({ provider: wanted, cursor, limit: 200 }))
          ).map(({ id }) => id),
        );
  const found: Payout[] = [];
  for (const reason of PAYOUT_REASONS) {
    let cursor: string | undefined;
    let taken = 0;
    do {
      const page = await node.postings({ reason, cursor, limit: 200 });
      for (const posting of page.items) {
        if (taken >= limit || (mine !== undefined && !mine.has(posting.subject))) continue;
        let contract = contracts.get(posting.subject);
        if (contract === undefined) {
          contract = await node.contract({ id: posting.subject });
          contracts.set(posting.subject, contract);
        }
        found.push({ posting, provider: contract?.providerAddress ?? posting.to });
        taken += 1;
      }
      cursor = taken >= limit ? undefined : (page.nextCursor ?? undefined);
    } while (cursor !== undefined);
  }
  return found.sort((a, b) => b.posting.height - a.posting.height).slice(0, limit);
}

function providerOf(given: string | boolean | undefined, { params }: CliContext): string | undefined {
  if (typeof given !== 'string') return undefined;
  const account = parseAccount(params, given);
  if (account.ok) return account.value;
  throw new AppError({
    code: 'cli/bad-address',
    message: `'${given}' is no address of ${params.name}: ${violationToText(account.violation)}.`,
    next: `Addresses start with ${params.addressPrefix}1.`,
  });
}
