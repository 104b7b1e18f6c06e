import type { ContractId } from '#chain';
import type { Leaf } from '#contracts';
import { entriesToList, type FragmentEntryView, listedLeaves } from '#wire';
import type { ProviderContext } from '../provider-context.js';

const PAGE_LIMIT = 200;

/**
 * The leaves a root of a contract commits to: on record, or made from what the chain lists now and when each entry came
 * and went. Undefined where neither is it: the node's index may lag.
 */
export async function findLeaves(
  { crypto, ledger, records }: Pick<ProviderContext, 'crypto' | 'ledger' | 'records'>,
  contract: ContractId,
  root: string,
): Promise<Leaf[] | undefined> {
  const recorded = await records.lists.find(contract, root);
  if (recorded !== undefined) return entriesToList(recorded);
  const listed: FragmentEntryView[] = [];
  let cursor: string | undefined;
  do {
    const page = await ledger.contractFragments({ id: contract, limit: PAGE_LIMIT, cursor });
    listed.push(...page.items);
    cursor = page.nextCursor ?? undefined;
  } while (cursor !== undefined);
  return listedLeaves(crypto, listed, root);
}
