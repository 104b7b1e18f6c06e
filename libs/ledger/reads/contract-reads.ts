import { type AccountId, accountIdToAddress, type ContractId, endpointSpace, isHexId } from '#chain';
import { contractSpace } from '#contracts';
import type { ContractView } from '#wire';
import { keyToPlace } from '../explorer/block-to-rows.js';
import { numericCursor, pageLimit, toPage } from '../explorer/paging.js';
import { type LedgerParts, toAccount, whenIndexed } from '../ledger-parts.js';
import type { LedgerPort } from '../port.js';
import { objectEventToView, postingToView } from '../views/chain-views.js';
import { challengeToView, contractToView, type StateSource } from '../views/state-views.js';

type ContractReads = Pick<
  LedgerPort,
  | 'contract'
  | 'contracts'
  | 'contractFragments'
  | 'contractTimeline'
  | 'contractPostings'
  | 'challenges'
  | 'holders'
>;

/** Reads of storage contracts and of who holds what. */
export function createContractReads(parts: LedgerParts): ContractReads {
  const { law, chain, queries } = parts;
  const source: StateSource = { law, state: chain.state, tree: chain.tree };
  const view = (id: string): ContractView | undefined => {
    const contract = chain.state.get(contractSpace, id);
    return contract && contractToView(source, id as ContractId, contract);
  };
  const activeOf = (provider: AccountId): string[] =>
    [...chain.state.entries(contractSpace)]
      .filter(([, contract]) => contract.provider === provider && contract.status === 'active')
      .map(([id]) => id);

  return {
    async contract({ id }) {
      return (isHexId(id, 32) ? view(id) : undefined) ?? null;
    },

    async contracts({ client, provider, status, ...request }) {
      const limit = pageLimit(request);
      const after = numericCursor(request);
      const filter = {
        client: client === undefined ? undefined : toAccount(parts, client),
        provider: provider === undefined ? undefined : toAccount(parts, provider),
        status,
      };
      await whenIndexed(parts);
      const rows = await queries.contracts(filter, { after, limit });
      const page = toPage(
        rows,
        limit,
        (row) => view(row.id),
        (row) => String(row.key),
      );
      return { ...page, items: page.items.filter((item) => item !== undefined) };
    },

    async contractFragments({ id, ...request }) {
      const limit = pageLimit(request);
      const after = numericCursor(request);
      await whenIndexed(parts);
      const rows = await queries.contractFragments(id, { after, limit });
      return toPage(
        rows,
        limit,
        ({ fragment, lengthBytes, addedKey, droppedKey }) => ({
          id: fragment,
          lengthBytes,
          addedAt: keyToPlace(addedKey).height,
          droppedAt: droppedKey === null ? null : keyToPlace(droppedKey).height,
        }),
        ({ ordinal }) => String(ordinal),
      );
    },

    async contractTimeline({ id }) {
      await whenIndexed(parts);
      const rows = await queries.timeline(id);
      return rows.map((row) => objectEventToView(chain.tree, row)).filter((event) => event !== undefined);
    },

    async contractPostings({ id, ...request }) {
      const limit = pageLimit(request);
      const after = numericCursor(request);
      await whenIndexed(parts);
      const rows = await queries.postingsOfSubject(id, { after, limit });
      const page = toPage(
        rows,
        limit,
        (row) => postingToView(chain.tree, row),
        (row) => String(row.key),
      );
      return { ...page, items: page.items.filter((item) => item !== undefined) };
    },

    async challenges({ provider: ref }) {
      const provider = toAccount(parts, ref);
      await whenIndexed(parts);
      // An index that is being built, or whose database is away, must cost no provider its window.
      const ids =
        parts.follower.height < chain.tip.height
          ? activeOf(provider)
          : (await queries.activeContractsOf(provider)).map(({ id }) => id);
      return ids.flatMap((id) => {
        const contract = chain.state.get(contractSpace, id);
        const challenge = contract && challengeToView(source, id as ContractId, contract);
        return challenge === undefined ? [] : [challenge];
      });
    },

    async holders({ fragment }) {
      await whenIndexed(parts);
      const held = await queries.holders(fragment);
      return held.flatMap((row) => {
        const contract = chain.state.get(contractSpace, row.contract);
        if (contract === undefined) return [];
        const provider: AccountId = contract.provider;
        return [
          {
            fragment,
            contract: row.contract,
            provider,
            providerAddress: accountIdToAddress(law.params, provider),
            lengthBytes: row.lengthBytes,
            contractStatus: contract.status,
            addresses: [...(chain.state.get(endpointSpace, provider)?.addresses ?? [])],
          },
        ];
      });
    },
  };
}
