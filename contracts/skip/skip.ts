import { type ContractId, hexId, struct, type TxKind, type TypeOf, u32 } from '#chain';
import { equalBytes } from '#crypto';
import { contractSpace } from '../lifecycle/contract-object.js';
import { challengeHeight, storeDue } from '../lifecycle/schedule.js';
import { emitContract } from '../lifecycle/settle.js';

const bodySchema = struct({
  contract: hexId<ContractId>(32),
  /** The epoch in which the provider will not be asked. */
  epoch: u32,
});

export type SkipBody = TypeOf<typeof bodySchema>;

/**
 * A provider declares maintenance for one epoch, once in a term and before it can know what it would be asked: no
 * challenge, no pay and no strike. The tranche returns to the client at the height of the challenge.
 */
export const skip: TxKind<'skip', SkipBody> = {
  name: 'skip',
  code: 18,
  body: bodySchema,
  replay: 'sequence',
  apply(view, { contract: id, epoch }, context) {
    const contract = view.get(contractSpace, id);
    if (contract === undefined) return { rule: 'skip/no-contract', contract: id };
    if (!equalBytes(contract.providerKey, context.sender))
      return { rule: 'skip/not-provider', contract: id, provider: contract.provider };
    if (contract.status !== 'active')
      return { rule: 'skip/not-active', contract: id, status: contract.status };
    if (contract.skip !== undefined)
      return { rule: 'skip/twice', contract: id, declared: contract.skip, epoch };
    if (epoch >= contract.endEpoch)
      return { rule: 'skip/beyond-end', contract: id, epoch, endEpoch: contract.endEpoch };
    const challengedAt = challengeHeight(view, id, contract, epoch);
    if (challengedAt <= view.height)
      return { rule: 'skip/late', contract: id, epoch, challengedAt, height: view.height };
    storeDue(view, id, { ...contract, skip: epoch }, contract.dueAt);
    emitContract(view, 'contract/skip-declared', id, { epoch, challengedAt });
    return undefined;
  },
};
