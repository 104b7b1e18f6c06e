import type { LedgerPort } from '#ledger';
import type { ObjectEventView, PostingView } from '#wire';
import { type Bill, billOf } from './bill.js';

/** What a bill is read from. */
export type BillLedger = Pick<
  LedgerPort,
  'contract' | 'contractTimeline' | 'contractPostings' | 'transaction'
>;

/** Events that name a transaction of the provider, one an epoch: none of them costs the client a fee. */
const PROVIDERS_OWN = new Set(['contract/proved', 'contract/redeemed']);

/** The bill of a contract as a ledger has it now; null where it knows no such contract. */
export async function readBill(ledger: BillLedger, id: string): Promise<Bill | null> {
  const contract = await ledger.contract({ id });
  if (contract === null) return null;
  const [timeline, postings] = await Promise.all([ledger.contractTimeline({ id }), allPostings(ledger, id)]);
  return billOf({ contract, postings, fees: await feesOf(ledger, timeline, contract.clientAddress) });
}

async function feesOf(
  ledger: BillLedger,
  timeline: readonly ObjectEventView[],
  client: string,
): Promise<bigint> {
  const ids = new Set<string>();
  for (const { name, data } of timeline) {
    const transaction = data['transaction'];
    if (typeof transaction === 'string' && !PROVIDERS_OWN.has(name)) ids.add(transaction);
  }
  let fees = 0n;
  for (const id of ids) {
    const transaction = await ledger.transaction({ id });
    if (transaction?.sender === client) fees += BigInt(transaction.fee);
  }
  return fees;
}

async function allPostings(ledger: BillLedger, id: string): Promise<PostingView[]> {
  const postings: PostingView[] = [];
  let cursor: string | undefined;
  do {
    const page = await ledger.contractPostings({ id, limit: 200, cursor });
    postings.push(...page.items);
    cursor = page.nextCursor ?? undefined;
  } while (cursor !== undefined);
  return postings;
}
