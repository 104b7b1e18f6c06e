import {
  accountPot,
  type BlockView,
  BURN,
  type ContractId,
  collateralPot,
  escrowPot,
  vestingPot,
} from '#chain';
import { assertInvariant } from '#errors';
import { slashForMiss, splitSlash } from '../money/price.js';
import { releaseCapacity } from '../offer/usage.js';
import { type ContractStatus, contractSpace, type StorageContract } from './contract-object.js';
import { challengeHeight, storeContract, takeDue, windowCloseHeight } from './schedule.js';

/** Everything that happens by itself at the end of a block, in ascending contract id. */
export function endBlock(view: BlockView): void {
  for (const id of takeDue(view)) {
    const contract = view.get(contractSpace, id);
    assertInvariant(
      contract !== undefined && contract.status === 'active',
      `contract ${id} is due but not active`,
    );
    advance(view, id, contract);
  }
}

function advance(view: BlockView, id: ContractId, contract: StorageContract): void {
  if (contract.window !== undefined) {
    assertInvariant(
      windowCloseHeight(view.params, contract.window.challengeHeight) === view.height,
      `window of ${id} is due at the wrong height`,
    );
    closeWindow(view, id, contract);
  } else if (contract.nextEpoch < contract.endEpoch) {
    openWindow(view, id, contract);
  } else {
    settle(view, id, contract, contract.endEpoch < contract.epochs ? 'ended' : 'completed');
  }
}

/** The challenge block: what must be proven is fixed here; its own id seeds the draw. */
function openWindow(view: BlockView, id: ContractId, contract: StorageContract): void {
  const epoch = contract.nextEpoch;
  assertInvariant(
    challengeHeight(view, id, contract, epoch) <= view.height,
    `epoch ${epoch} of ${id} is challenged before its block`,
  );
  storeContract(view, id, {
    ...contract,
    nextEpoch: epoch + 1,
    window: {
      epoch,
      challengeHeight: view.height,
      root: contract.root,
      leafCount: contract.leafCount,
      totalChunks: contract.totalChunks,
      proven: false,
    },
  });
  emit(view, 'contract/challenged', id, { epoch });
}

function closeWindow(view: BlockView, id: ContractId, contract: StorageContract): void {
  const window = contract.window;
  assertInvariant(window !== undefined, `contract ${id} has no window to close`);
  const closed = { ...contract, window: undefined };
  if (window.proven) {
    storeContract(view, id, closed);
    return;
  }
  const missed = contract.missed + 1;
  view.mustMove(escrowPot(id), accountPot(contract.client), contract.tranche, 'tranche-returned', id);
  const slash = slashForMiss(view.params, view.balance(collateralPot(id)));
  view.mustMove(collateralPot(id), BURN, slash.burned, 'slash-burned', id);
  view.mustMove(collateralPot(id), accountPot(contract.client), slash.toClient, 'slash-to-client', id);
  emit(view, 'contract/missed', id, { epoch: window.epoch, missed, slashed: slash.burned + slash.toClient });
  if (missed >= view.params.contract.strikes) fail(view, id, { ...closed, missed });
  else storeContract(view, id, { ...closed, missed });
}

/** Too many misses: what was not earned returns, what vested and what is left of the collateral is lost. */
function fail(view: BlockView, id: ContractId, contract: StorageContract): void {
  const vesting = view.balance(vestingPot(id));
  view.mustMove(vestingPot(id), accountPot(contract.client), vesting, 'vesting-forfeited', id);
  const rest = splitSlash(view.params, view.balance(collateralPot(id)));
  view.mustMove(collateralPot(id), BURN, rest.burned, 'failure-burned', id);
  view.mustMove(collateralPot(id), accountPot(contract.client), rest.toClient, 'failure-to-client', id);
  emit(view, 'contract/failed', id, { missed: contract.missed });
  settle(view, id, contract, 'failed');
}

/** Empties every pot of the contract, once. */
function settle(view: BlockView, id: ContractId, contract: StorageContract, status: ContractStatus): void {
  const refund = view.balance(escrowPot(id));
  const vested = view.balance(vestingPot(id));
  const collateral = view.balance(collateralPot(id));
  view.mustMove(escrowPot(id), accountPot(contract.client), refund, 'escrow-refunded', id);
  view.mustMove(vestingPot(id), accountPot(contract.payout), vested, 'vesting-paid', id);
  view.mustMove(collateralPot(id), accountPot(contract.provider), collateral, 'collateral-returned', id);
  releaseCapacity(view, contract.provider, contract.totalBytes);
  storeContract(view, id, { ...contract, window: undefined, status, settledAt: view.height });
  emit(view, 'contract/settled', id, { status, refund, vested, collateral });
}

function emit(
  view: BlockView,
  name: string,
  id: ContractId,
  data: Record<string, string | number | bigint>,
): void {
  view.emit({ type: 'object', name, subject: id, data });
}
