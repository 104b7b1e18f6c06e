import {
  accountPot,
  type BlockView,
  BURN,
  bountyPot,
  type ContractId,
  collateralPot,
  escrowPot,
  readsPot,
  reservePot,
  vestingPot,
} from '#chain';
import { splitSlash } from '../money/price.js';
import { releaseCapacity } from '../offer/usage.js';
import type { ContractStatus, StorageContract } from './contract-object.js';
import { storeDue, storeOver } from './schedule.js';

/** Every way a contract is over. */
export type FinalStatus = Exclude<ContractStatus, 'active'>;

/**
 * Empties every pot of a contract that did not fail, once: the client gets back what was not earned, the provider what
 * vested and its collateral.
 */
export function settle(
  view: BlockView,
  id: ContractId,
  contract: StorageContract,
  status: FinalStatus,
  successor?: ContractId,
): void {
  const client = accountPot(contract.client);
  const refund = view.balance(escrowPot(id));
  const vested = view.balance(vestingPot(id));
  const collateral = view.balance(collateralPot(id));
  view.mustMove(escrowPot(id), client, refund, 'escrow-refunded', id);
  view.mustMove(vestingPot(id), accountPot(contract.payout), vested, 'vesting-paid', id);
  view.mustMove(collateralPot(id), accountPot(contract.provider), collateral, 'collateral-returned', id);
  returnDeposits(view, id, contract);
  view.mustMove(reservePot(id), client, view.balance(reservePot(id)), 'reserve-refunded', id);
  releaseCapacity(view, contract.provider, contract.totalBytes);
  storeOver(view, id, { ...contract, window: undefined, status, successor, settledAt: view.height });
  emitContract(view, 'contract/settled', id, { status, refund, vested, collateral, ...named(successor) });
}

/**
 * Too many misses: what was not earned returns, what vested and what is left of the collateral is lost. Where a
 * repairer is named, the refund and the part of the collateral that is not burned wait in the reserve for it.
 */
export function fail(view: BlockView, id: ContractId, contract: StorageContract): void {
  const client = accountPot(contract.client);
  const refundTo = contract.repair === undefined ? client : reservePot(id);
  const vesting = view.balance(vestingPot(id));
  const refund = view.balance(escrowPot(id));
  const rest = splitSlash(view.params, view.balance(collateralPot(id)));
  view.mustMove(vestingPot(id), client, vesting, 'vesting-forfeited', id);
  view.mustMove(collateralPot(id), BURN, rest.burned, 'failure-burned', id);
  view.mustMove(
    collateralPot(id),
    refundTo,
    rest.toClient,
    contract.repair === undefined ? 'failure-to-client' : 'failure-to-reserve',
    id,
  );
  view.mustMove(
    escrowPot(id),
    refundTo,
    refund,
    contract.repair === undefined ? 'escrow-refunded' : 'escrow-to-reserve',
    id,
  );
  returnDeposits(view, id, contract);
  releaseCapacity(view, contract.provider, contract.totalBytes);
  emitContract(view, 'contract/failed', id, { missed: contract.missed, refund, burned: rest.burned });
  const failed: StorageContract = { ...contract, window: undefined, status: 'failed' };
  if (view.balance(reservePot(id)) > 0n)
    storeDue(view, id, failed, view.height + view.params.contract.repairBlocks);
  else closeFailed(view, id, failed);
}

/** The last coins of a failed contract: a reserve nobody repaired with returns to the client. */
export function closeFailed(
  view: BlockView,
  id: ContractId,
  contract: StorageContract,
  successor?: ContractId,
): void {
  const reserve = view.balance(reservePot(id));
  view.mustMove(reservePot(id), accountPot(contract.client), reserve, 'reserve-refunded', id);
  storeOver(view, id, { ...contract, successor, settledAt: view.height });
  emitContract(view, 'contract/settled', id, { status: 'failed', refund: reserve, ...named(successor) });
}

/** Ends without repair: what was locked for reads and promised to a repair's new holder returns to the client. */
function returnDeposits(view: BlockView, id: ContractId, contract: StorageContract): void {
  const client = accountPot(contract.client);
  view.mustMove(readsPot(id), client, view.balance(readsPot(id)), 'reads-refunded', id);
  view.mustMove(bountyPot(id), client, view.balance(bountyPot(id)), 'bounty-refunded', id);
}

function named(successor: ContractId | undefined): { readonly successor?: string } {
  return successor === undefined ? {} : { successor };
}

/** Tells timelines what happened to a contract. */
export function emitContract(
  view: BlockView,
  name: string,
  id: ContractId,
  data: Record<string, string | number | bigint>,
): void {
  view.emit({ type: 'object', name, subject: id, data });
}
