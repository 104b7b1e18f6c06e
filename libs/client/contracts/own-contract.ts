import type { ContractId } from '#chain';
import type { Leaf } from '#contracts';
import { hexToBytes } from '#crypto';
import { AppError } from '#errors';
import { type ContractView, type FragmentEntryView, listedLeaves } from '#wire';
import type { ClientContext } from '../context.js';
import { allPages } from '../providers/provider-directory.js';
import { ProviderSession } from '../providers/provider-session.js';

/** A contract of this client that goes on, as the chain shows it now. */
export interface OwnContract {
  readonly id: ContractId;
  readonly view: ContractView;
}

/** @throws AppError `contract/unknown`, `contract/not-yours`, `contract/over` */
export async function ownContract(context: ClientContext, id: string): Promise<OwnContract> {
  const view = await context.ledger.contract({ id });
  if (view === null) throw notThere('contract/unknown', id, 'The node knows no contract', 'Is it synced?');
  if (view.client !== context.identity.account) {
    throw notThere('contract/not-yours', id, 'Another client made contract', 'Only its client changes it.');
  }
  if (view.status !== 'active') {
    throw notThere('contract/over', id, `Already ${view.status} is contract`, 'Store the file again.');
  }
  return { id: id as ContractId, view };
}

/** A session with the holder of a contract; `budgetBytes`: what its tickets may move. */
export async function sessionWith(
  context: ClientContext,
  { id: contract, view }: OwnContract,
  budgetBytes = 0n,
): Promise<ProviderSession> {
  const { providers } = context;
  const baseUrl = await providers.baseUrl(view.provider);
  const providerKey = hexToBytes(view.providerKey);
  return new ProviderSession(context, {
    agent: providers.agent,
    baseUrl,
    providerKey,
    contract,
    budgetBytes,
  });
}

/**
 * The leaves of a contract as they are, checked against its root.
 * @throws AppError `contract/list-lags` where the node's index has not caught up with its chain
 */
export async function leavesOf(
  { crypto, ledger }: Pick<ClientContext, 'crypto' | 'ledger'>,
  id: ContractId,
  view: ContractView,
): Promise<Leaf[]> {
  const listed = await allPages<FragmentEntryView>((cursor) =>
    ledger.contractFragments({ id, cursor, limit: 200 }),
  );
  const leaves = listedLeaves(crypto, listed, view.root);
  if (leaves !== undefined) return leaves;
  throw new AppError({
    code: 'contract/list-lags',
    message: `The node's list of contract ${id} does not lead to the root ${view.root} on its chain.`,
    next: 'Its index follows the chain; try again in a moment.',
    data: { contract: id },
  });
}

function notThere(code: string, contract: string, what: string, next: string): AppError {
  return new AppError({ code, message: `${what} ${contract}.`, next, data: { contract } });
}
