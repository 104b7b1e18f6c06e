import { accountPot, type BlockView, BURN, type ContractId, collateralPot, escrowPot } from '#chain';
import { bytesToHex } from '#crypto';
import { assertInvariant } from '#errors';
import { moveBurnPrice } from '../money/burn-price.js';
import { openLots } from '../money/lot.js';
import { slashForMiss } from '../money/price.js';
import { contractSpace, type StorageContract } from './contract-object.js';
import { takeDue } from './due-index.js';
import { trancheOfNext } from './escrow.js';
import { challengeHeight, storeContract, windowCloseHeight } from './schedule.js';
import { closeFailed, emitContract, fail, settle } from './settle.js';

/** Everything that happens by itself at the end of a block, in ascending contract id. */
export function endBlock(view: BlockView): void {
  for (const id of takeDue(view)) {
    const contract = view.get(contractSpace, id);
    assertInvariant(
      contract !== undefined && contract.settledAt === undefined,
      `contract ${id} is due and over`,
    );
    advance(view, id, contract);
  }
  moveBurnPrice(view);
}

function advance(view: BlockView, id: ContractId, contract: StorageContract): void {
  if (contract.status === 'failed') {
    closeFailed(view, id, contract);
  } else if (contract.window !== undefined) {
    assertInvariant(
      windowCloseHeight(view.params, contract.window.challengeHeight) === view.height,
      `window of ${id} is due at the wrong height`,
    );
    closeWindow(view, id, contract);
  } else if (contract.nextEpoch < contract.endEpoch) {
    challenge(view, id, contract);
  } else if (contract.endEpoch === contract.epochs) {
    settle(view, id, contract, 'completed');
  } else {
    settle(view, id, contract, contract.nextEpoch === 0 ? 'cancelled' : 'ended');
  }
}

/** The challenge block of an epoch: opens its window, unless the provider declared its maintenance skip for it. */
function challenge(view: BlockView, id: ContractId, contract: StorageContract): void {
  const epoch = contract.nextEpoch;
  assertInvariant(
    challengeHeight(view, id, contract, epoch) <= view.height,
    `epoch ${epoch} of ${id} is challenged before its block`,
  );
  const tranche = trancheOfNext(contract);
  const next: StorageContract = {
    ...contract,
    nextEpoch: epoch + 1,
    begun: undefined,
    lots: openLots(contract.lots, epoch),
  };
  if (contract.skip === epoch) {
    view.mustMove(escrowPot(id), accountPot(contract.client), tranche, 'tranche-skipped', id);
    storeContract(view, id, next);
    emitContract(view, 'contract/skipped', id, { epoch });
    return;
  }
  const { root, leafCount, totalChunks } = contract;
  const window = {
    epoch,
    challengeHeight: view.height,
    root,
    leafCount,
    totalChunks,
    tranche,
    proven: false,
  };
  storeContract(view, id, { ...next, window });
  // The snapshot, so that anybody can check a proof of this epoch again long after the window has closed.
  const snapshot = { root: bytesToHex(root), leafCount, totalChunks, tranche };
  emitContract(view, 'contract/challenged', id, { epoch, ...snapshot });
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
  const client = accountPot(contract.client);
  view.mustMove(escrowPot(id), client, window.tranche, 'tranche-returned', id);
  const slash = slashForMiss(view.params, view.balance(collateralPot(id)));
  view.mustMove(collateralPot(id), BURN, slash.burned, 'slash-burned', id);
  view.mustMove(collateralPot(id), client, slash.toClient, 'slash-to-client', id);
  emitContract(view, 'contract/missed', id, {
    epoch: window.epoch,
    missed,
    slashed: slash.burned + slash.toClient,
  });
  const after = { ...closed, missed, lastMissed: window.epoch };
  if (missed >= view.params.contract.strikes) fail(view, id, after);
  else storeContract(view, id, after);
}
