import {
  ANCHOR_SLOTS,
  type AnchorSlot,
  accountPot,
  anchorKey,
  anchorSpace,
  type ContractId,
  endpointSpace,
} from '#chain';
import { offerSpace } from '#contracts';
import { numericCursor, pageLimit, pageOfSorted, toPage } from '../explorer/paging.js';
import { type LedgerParts, toAccount, whenIndexed } from '../ledger-parts.js';
import type { LedgerPort } from '../port.js';
import { postingToView } from '../views/chain-views.js';
import {
  accountToView,
  anchorToView,
  endpointToView,
  offerToView,
  type StateSource,
} from '../views/state-views.js';

type AccountReads = Pick<
  LedgerPort,
  'account' | 'accountPostings' | 'offers' | 'offer' | 'endpoint' | 'endpoints' | 'anchor'
>;

/** Most contracts of one account whose pots are summed up. */
const MAX_CONTRACTS = 100_000;

/** Reads of accounts and of what principals published. */
export function createAccountReads(parts: LedgerParts): AccountReads {
  const { law, chain, mempool, queries } = parts;
  const source: StateSource = { law, state: chain.state, tree: chain.tree };

  return {
    async account({ account: ref }) {
      const account = toAccount(parts, ref);
      await whenIndexed(parts);
      const all = { after: undefined, limit: MAX_CONTRACTS };
      const [asClient, asProvider, failed] = await Promise.all([
        queries.contracts({ client: account, status: 'active' }, all),
        queries.contracts({ provider: account, status: 'active' }, all),
        // Their reserve may still wait for repair.
        queries.contracts({ client: account, status: 'failed' }, all),
      ]);
      const ids = (rows: readonly { id: string }[]) => rows.map(({ id }) => id as ContractId);
      return accountToView(
        source,
        account,
        { asClient: ids([...asClient, ...failed]), asProvider: ids(asProvider) },
        mempool.pendingBalance(accountPot(account)),
      );
    },

    async accountPostings({ account: ref, ...request }) {
      const pot = accountPot(toAccount(parts, ref));
      const limit = pageLimit(request);
      const after = numericCursor(request);
      await whenIndexed(parts);
      const rows = await queries.postingsOfPot(pot, { after, limit });
      const page = toPage(
        rows,
        limit,
        (row) => postingToView(chain.tree, row),
        (row) => String(row.key),
      );
      return { ...page, items: page.items.filter((view) => view !== undefined) };
    },

    async offers(request) {
      const { rows, limit } = pageOfSorted(chain.state.entries(offerSpace), request);
      return toPage(
        rows,
        limit,
        ([provider, offer]) => offerToView(source, toAccount(parts, provider), offer),
        ([provider]) => provider,
      );
    },

    async offer({ provider: ref }) {
      const provider = toAccount(parts, ref);
      const offer = chain.state.get(offerSpace, provider);
      return offer === undefined ? null : offerToView(source, provider, offer);
    },

    async endpoint({ principal: ref }) {
      const principal = toAccount(parts, ref);
      const record = chain.state.get(endpointSpace, principal);
      return record === undefined ? null : endpointToView(law, principal, record);
    },

    async endpoints(request) {
      const { rows, limit } = pageOfSorted(chain.state.entries(endpointSpace), request);
      return toPage(
        rows,
        limit,
        ([principal, record]) => endpointToView(law, toAccount(parts, principal), record),
        ([principal]) => principal,
      );
    },

    async anchor({ account: ref, slot }) {
      const account = toAccount(parts, ref);
      if (!isSlot(slot)) return null;
      const record = chain.state.get(anchorSpace, anchorKey(account, slot));
      return record === undefined ? null : anchorToView(account, slot, record);
    },
  };
}

function isSlot(text: string): text is AnchorSlot {
  return (ANCHOR_SLOTS as readonly string[]).includes(text);
}
