import { type ContractId, hexId, struct, type TxKind, type TypeOf } from '#chain';
import { contractSpace } from '../lifecycle/contract-object.js';
import { endHeightExclusive, epochsBegun, storeContract } from '../lifecycle/schedule.js';
import { closeFailed, emitContract } from '../lifecycle/settle.js';

const bodySchema = struct({ contract: hexId<ContractId>(32) });

export type EndBody = TypeOf<typeof bodySchema>;

/**
 * The client ends its contract at the next epoch boundary. The epoch that has begun is still challenged and paid;
 * what is left of the escrow returns at settlement, and the provider gets its collateral back. Of a contract that
 * failed it takes back the reserve: no repair comes any more.
 */
export const end: TxKind<'end', EndBody> = {
  name: 'end',
  code: 13,
  body: bodySchema,
  replay: 'sequence',
  apply(view, body, context) {
    const contract = view.get(contractSpace, body.contract);
    if (contract === undefined) return { rule: 'end/no-contract', contract: body.contract };
    if (contract.client !== context.account) {
      return { rule: 'end/not-client', contract: body.contract, client: contract.client };
    }
    if (contract.status === 'failed' && contract.settledAt === undefined) {
      closeFailed(view, body.contract, contract);
      return undefined;
    }
    if (contract.status !== 'active') {
      return { rule: 'end/not-active', contract: body.contract, status: contract.status };
    }
    const endEpoch = Math.max(contract.nextEpoch, epochsBegun(view.params, contract, view.height));
    if (endEpoch >= contract.endEpoch) {
      return { rule: 'end/already-ending', contract: body.contract, endEpoch: contract.endEpoch };
    }
    const ending = { ...contract, endEpoch };
    storeContract(view, body.contract, ending);
    emitContract(view, 'contract/ending', body.contract, {
      endEpoch,
      endsAt: endHeightExclusive(view.params, ending),
      transaction: context.id,
    });
    return undefined;
  },
};
