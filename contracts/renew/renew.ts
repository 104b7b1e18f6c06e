import {
  accountPot,
  type BlockView,
  BURN,
  bytes,
  type ContractId,
  collateralPot,
  escrowPot,
  hexId,
  readsPot,
  reservePot,
  struct,
  type TxContext,
  type TxKind,
  type TypeOf,
} from '#chain';
import { bytesToHex, equalBytes } from '#crypto';
import type { Violation } from '#errors';
import { registerContract } from '../form/register.js';
import { contractSpace, type StorageContract } from '../lifecycle/contract-object.js';
import { settle } from '../lifecycle/settle.js';
import { validateSlot } from '../lifecycle/slot-room.js';
import { burnPriceOf, recordDemand } from '../money/burn-price.js';
import { burnFor } from '../money/price.js';
import { agreementSchema, contractIdOf, providerAgrees } from '../terms/agreement.js';
import {
  type AgreementCost,
  costOfAgreement,
  validateOffer,
  validateTerms,
} from '../terms/agreement-rules.js';

const bodySchema = struct({
  /** The contract that goes on under the agreement. */
  contract: hexId<ContractId>(32),
  agreement: agreementSchema,
  providerSignature: bytes(64),
});

export type RenewBody = TypeOf<typeof bodySchema>;

/**
 * The same fragments under a new agreement, without storing them again: the old contract settles and the new one is
 * active in the same step, paid with what the old one gives back. Burns, and opens no lot that mints.
 */
export const renew: TxKind<'renew', RenewBody> = {
  name: 'renew',
  code: 16,
  body: bodySchema,
  replay: 'sequence',
  signatures: providerAgrees,
  apply(view, body, context) {
    const { contract: id, agreement } = body;
    const contract = view.get(contractSpace, id);
    if (contract === undefined) return { rule: 'renew/no-contract', contract: id };
    const burn = burnFor(burnPriceOf(view.params, view), agreement.totalBytes, agreement.epochs);
    const cost = costOfAgreement(view, agreement, burn);
    return (
      validateRenewed(contract, body, context) ??
      validateTerms(view, agreement, cost) ??
      validateOffer(view, agreement, contract.totalBytes) ??
      goOn(view, contract, body, cost, context)
    );
  },
};

/** Whether this contract can go on under this agreement. */
function validateRenewed(
  contract: StorageContract,
  { contract: id, agreement }: RenewBody,
  { account }: TxContext,
): Violation | undefined {
  const { client, status, window } = contract;
  if (account !== client) return { rule: 'renew/not-client', contract: id, client };
  if (status !== 'active') return { rule: 'renew/not-active', contract: id, status };
  if (
    !equalBytes(agreement.clientKey, contract.clientKey) ||
    !equalBytes(agreement.providerKey, contract.providerKey)
  ) {
    return { rule: 'renew/parties', contract: id, client, provider: contract.provider };
  }
  if (
    agreement.leafCount !== contract.leafCount ||
    agreement.totalBytes !== contract.totalBytes ||
    agreement.totalChunks !== contract.totalChunks ||
    !equalBytes(agreement.root, contract.root)
  ) {
    return {
      rule: 'renew/commitment',
      contract: id,
      root: bytesToHex(agreement.root),
      current: bytesToHex(contract.root),
    };
  }
  if (window !== undefined && !window.proven) {
    return { rule: 'renew/open-window', contract: id, epoch: window.epoch };
  }
  return undefined;
}

function goOn(
  view: BlockView,
  contract: StorageContract,
  { contract: old, agreement }: RenewBody,
  cost: AgreementCost,
  context: TxContext,
): Violation | undefined {
  const id = contractIdOf(view.crypto, view.params, agreement);
  if (view.get(contractSpace, id) !== undefined) return { rule: 'renew/twice', contract: id };
  const crowded = validateSlot(view, id);
  if (crowded !== undefined) return crowded;
  // First what the old one gives back, so that the same coins can pay for the new one.
  settle(view, old, contract, 'renewed', id);
  const client = accountPot(contract.client);
  const unpaid =
    view.move(client, escrowPot(id), cost.escrow, 'escrow', id) ??
    view.move(client, BURN, cost.burn, 'burn', id) ??
    view.move(client, reservePot(id), agreement.reserve, 'reserve', id) ??
    view.move(client, readsPot(id), agreement.readEscrow, 'reads', id) ??
    view.move(accountPot(contract.provider), collateralPot(id), agreement.collateral, 'collateral', id);
  if (unpaid !== undefined) return unpaid;
  recordDemand(view, agreement.totalBytes, agreement.epochs);
  registerContract(view, {
    id,
    client: contract.client,
    agreement,
    cost,
    lots: [],
    droppedChunks: contract.droppedChunks,
    origin: { kind: 'renewal', contract: old },
    transaction: context.id,
  });
  return undefined;
}
