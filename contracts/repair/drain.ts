import { type ContractId, hexId, struct, type TxKind, type TypeOf } from '#chain';
import { equalBytes } from '#crypto';
import { contractSpace } from '../lifecycle/contract-object.js';
import { storeDue } from '../lifecycle/schedule.js';
import { emitContract } from '../lifecycle/settle.js';

const bodySchema = struct({ contract: hexId<ContractId>(32) });

export type DrainBody = TypeOf<typeof bodySchema>;

/**
 * A provider says that it wants to leave: from now on the repairer may give the fragments to another. Until then
 * nothing changes, it goes on proving and being paid.
 */
export const drain: TxKind<'drain', DrainBody> = {
  name: 'drain',
  code: 19,
  body: bodySchema,
  replay: 'sequence',
  apply(view, { contract: id }, context) {
    const contract = view.get(contractSpace, id);
    if (contract === undefined) return { rule: 'drain/no-contract', contract: id };
    if (!equalBytes(contract.providerKey, context.sender))
      return { rule: 'drain/not-provider', contract: id, provider: contract.provider };
    if (contract.status !== 'active')
      return { rule: 'drain/not-active', contract: id, status: contract.status };
    if (contract.drainedAt !== undefined)
      return { rule: 'drain/twice', contract: id, drainedAt: contract.drainedAt };
    storeDue(view, id, { ...contract, drainedAt: view.height }, contract.dueAt);
    emitContract(view, 'contract/drained', id, { provider: contract.provider });
    return undefined;
  },
};
