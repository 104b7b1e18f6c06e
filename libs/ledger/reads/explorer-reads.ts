import {
  accountIdToAddress,
  type BlockId,
  isHexId,
  type Law,
  parseAccount,
  potSpace,
  type TxId,
} from '#chain';
import { contractSpace, offerSpace } from '#contracts';
import type { SearchHitView, SupplyView } from '#wire';
import { numericCursor, pageLimit, toPage } from '../explorer/paging.js';
import { findNode, type LedgerParts, whenIndexed } from '../ledger-parts.js';
import type { LedgerPort } from '../port.js';
import { objectEventToView, postingToView } from '../views/chain-views.js';
import { supplyToView } from '../views/state-views.js';

type ExplorerReads = Pick<LedgerPort, 'postings' | 'events' | 'supply' | 'audit' | 'search'>;

/** Reads across everything: journals, the supply and its audit, search. */
export function createExplorerReads(parts: LedgerParts): ExplorerReads {
  const { law, chain, queries, audit } = parts;
  const { tree } = chain;
  let supply: { readonly tipId: BlockId; readonly view: SupplyView } | undefined;

  return {
    async postings({ reason, sinceHeight, ...request }) {
      const limit = pageLimit(request);
      const after = numericCursor(request);
      await whenIndexed(parts);
      const rows = await queries.postings({ reason, sinceHeight }, { after, limit });
      const page = toPage(
        rows,
        limit,
        (row) => postingToView(tree, row),
        (row) => String(row.key),
      );
      return { ...page, items: page.items.filter((item) => item !== undefined) };
    },

    async events({ name, sinceHeight, ...request }) {
      const limit = pageLimit(request);
      const after = numericCursor(request);
      await whenIndexed(parts);
      const rows = await queries.objectEvents({ name, sinceHeight }, { after, limit });
      const page = toPage(
        rows,
        limit,
        (row) => objectEventToView(tree, row),
        (row) => String(row.key),
      );
      return { ...page, items: page.items.filter((item) => item !== undefined) };
    },

    async supply() {
      const { tip } = tree;
      if (supply?.tipId !== tip.id) {
        supply = { tipId: tip.id, view: supplyToView({ law, state: chain.state, tree }, tip) };
      }
      return supply.view;
    },

    audit: () => audit.run(),

    async search({ text: asked }) {
      const text = asked.trim().toLowerCase();
      if (text === '' || text.length > 200) return [];
      await whenIndexed(parts);
      const hits: SearchHitView[] = [];
      const node = findNode(parts, text);
      if (node !== undefined) hits.push({ type: 'block', id: node.id, label: `block ${node.height}` });
      if (isHexId(text, 32)) hits.push(...(await searchHash(parts, text)));
      hits.push(...searchAccount(parts, law, text));
      return hits;
    },
  };
}

async function searchHash({ chain, mempool, queries }: LedgerParts, id: string): Promise<SearchHitView[]> {
  const hits: SearchHitView[] = [];
  const pending = mempool.get(id as TxId);
  const row = pending === undefined ? await queries.transaction(id) : null;
  const kind = pending?.transaction.kind ?? row?.kind;
  if (kind !== undefined) {
    hits.push({ type: 'transaction', id, label: `${kind} transaction${pending ? ', pending' : ''}` });
  }
  const contract = chain.state.get(contractSpace, id);
  if (contract !== undefined) hits.push({ type: 'contract', id, label: `${contract.status} contract` });
  const holders = await queries.holders(id);
  if (holders.length > 0) {
    hits.push({ type: 'fragment', id, label: `fragment in ${holders.length} contract(s)` });
  }
  return hits;
}

function searchAccount({ chain }: LedgerParts, law: Law, text: string): SearchHitView[] {
  const account = parseAccount(law.params, text);
  if (!account.ok) return [];
  const id = account.value;
  const address = accountIdToAddress(law.params, id);
  const hits: SearchHitView[] = [];
  if (chain.state.get(offerSpace, id) !== undefined) hits.push({ type: 'provider', id, label: address });
  const balance = chain.state.get(potSpace, `account:${id}`);
  hits.push({ type: 'account', id, label: balance === undefined ? `${address}, empty` : address });
  return hits;
}
