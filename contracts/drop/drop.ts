import {
  accountPot,
  type BlockView,
  type ContractId,
  escrowPot,
  hexId,
  struct,
  type TxKind,
  type TypeOf,
} from '#chain';
import { bytesToHex } from '#crypto';
import { accepted, type Result, refused } from '#errors';
import { contractSpace, type StorageContract } from '../lifecycle/contract-object.js';
import { storeContract } from '../lifecycle/schedule.js';
import { emitContract } from '../lifecycle/settle.js';
import { type BurnLot, dropFromLots } from '../money/lot.js';
import { releaseCapacity } from '../offer/usage.js';
import { isTombstone } from '../terms/tombstone.js';
import { type DroppedLeaf, droppedListSchema, rootAfterDrop, sizeOfDropped } from './drop-leaves.js';
import { priceDrop } from './price-drop.js';

const bodySchema = struct({ contract: hexId<ContractId>(32), leaves: droppedListSchema });

export type DropBody = TypeOf<typeof bodySchema>;

/**
 * The client alone gives fragments up: their leaves become tombstones, so that no chunk changes its number and nobody is
 * asked for them by a later challenge. What the epochs not begun cost less returns at once; the burn does not.
 */
export const drop: TxKind<'drop', DropBody> = {
  name: 'drop',
  code: 15,
  body: bodySchema,
  replay: 'sequence',
  apply(view, body, context) {
    const id = body.contract;
    const contract = view.get(contractSpace, id);
    if (contract === undefined) return { rule: 'drop/no-contract', contract: id };
    if (contract.client !== context.account) {
      return { rule: 'drop/not-client', contract: id, client: contract.client };
    }
    if (contract.status !== 'active')
      return { rule: 'drop/not-active', contract: id, status: contract.status };
    if (body.leaves.length === 0) return { rule: 'drop/no-leaves', contract: id };
    const buried = bury(view, contract, body.leaves);
    if (!buried.ok) return buried.violation;
    const { bytes, chunks } = sizeOfDropped(body.leaves);
    const droppedChunks = contract.droppedChunks + chunks;
    if (4n * droppedChunks > 3n * contract.totalChunks) {
      return { rule: 'drop/too-much', contract: id, droppedChunks, totalChunks: contract.totalChunks };
    }
    const { tranche, begun, refund } = priceDrop(view.params, contract, bytes, view.height);
    view.mustMove(escrowPot(id), accountPot(contract.client), refund, 'escrow-dropped', id);
    releaseCapacity(view, contract.provider, bytes);
    storeContract(view, id, {
      ...contract,
      ...buried.value,
      tranche,
      begun,
      totalBytes: contract.totalBytes - bytes,
      droppedChunks,
    });
    emitContract(view, 'contract/dropped', id, {
      fragments: body.leaves.length,
      bytes,
      refund,
      tranche,
      transaction: context.id,
    });
    return undefined;
  },
};

/** The tree and the lots after each leaf in turn became a tombstone. */
function bury(
  view: BlockView,
  contract: StorageContract,
  dropped: readonly DroppedLeaf[],
): Result<{ readonly root: Uint8Array; readonly lots: readonly BurnLot[] }> {
  let { root, lots } = contract;
  for (const [at, leaf] of dropped.entries()) {
    const fragment = leaf.leaf.id;
    if (isTombstone(leaf.leaf)) return refused({ rule: 'drop/tombstone', at, index: leaf.index });
    const after = rootAfterDrop(view.crypto, { root, leafCount: contract.leafCount }, leaf);
    if (after === undefined) {
      return refused({ rule: 'drop/leaf', at, index: leaf.index, fragment, root: bytesToHex(root) });
    }
    root = after;
    lots = dropFromLots(lots, leaf.index, leaf.leaf.lengthBytes);
  }
  return accepted({ root, lots });
}
