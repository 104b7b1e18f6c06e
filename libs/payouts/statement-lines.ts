import type { LedgerPort } from '#ledger';
import type { PayoutLineView } from '#services';
import type { ContractView, PostingView } from '#wire';
import { PAYOUT_REASONS, type PayoutReason } from './payout-reasons.js';

/** Every posting about a contract, oldest first, with the epoch whose proof or miss moved the coins. */
export async function contractLines(
  ledger: LedgerPort,
  contract: Pick<ContractView, 'id' | 'provider'>,
): Promise<PayoutLineView[]> {
  const [timeline, postings] = await Promise.all([
    ledger.contractTimeline({ id: contract.id }),
    allPostings(ledger, contract.id),
  ]);
  const epochs = new Map<string, number>();
  for (const { name, height, data } of timeline) {
    if (data['epoch'] !== undefined) epochs.set(`${name} ${height}`, Number(data['epoch']));
  }
  return postings.map((posting) => {
    const { group, meaning, event } = reasonOf(posting.reason);
    const epoch = event === undefined ? undefined : epochs.get(`${event} ${posting.height}`);
    return {
      ...posting,
      contract: contract.id,
      provider: contract.provider,
      epoch: epoch ?? null,
      group,
      meaning,
    };
  });
}

/** A reason this version does not know is shown as it is: a statement leaves no posting out. */
function reasonOf(reason: string): PayoutReason {
  return PAYOUT_REASONS[reason] ?? { group: 'other', meaning: reason };
}

async function allPostings(ledger: LedgerPort, id: string): Promise<PostingView[]> {
  const postings: PostingView[] = [];
  let cursor: string | undefined;
  do {
    const page = await ledger.contractPostings({ id, limit: 200, cursor });
    postings.push(...page.items);
    cursor = page.nextCursor ?? undefined;
  } while (cursor !== undefined);
  return postings;
}
