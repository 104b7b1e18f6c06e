import type { LedgerPort } from '#ledger';
import type { PayoutLineView } from '#services';
import type { ContractView, PostingView } from '#wire';
import { PAYOUT_REASONS } from './payout-reasons.js';

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
    const epoch = Number(data['epoch']);
    if (name === 'contract/proved') epochs.set(`proved ${height}`, epoch);
    if (name === 'contract/missed') epochs.set(`missed ${height}`, epoch);
  }
  return postings.map((posting) => ({
    ...posting,
    contract: contract.id,
    provider: contract.provider,
    epoch: epochs.get(`${causeOf(posting.reason)} ${posting.height}`) ?? null,
    group: PAYOUT_REASONS[posting.reason]?.group ?? 'client',
    meaning: PAYOUT_REASONS[posting.reason]?.meaning ?? posting.reason,
  }));
}

/** The event of the same block that a posting belongs to. */
function causeOf(reason: string): 'proved' | 'missed' | 'other' {
  if (['tranche', 'tranche-vesting', 'mint-inclusion', 'mint-pool'].includes(reason)) return 'proved';
  return ['tranche-returned', 'slash-burned', 'slash-to-client'].includes(reason) ? 'missed' : 'other';
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
