import {
  accountPot,
  type BlockView,
  bountyPot,
  bytes,
  type ContractId,
  collateralPot,
  escrowPot,
  hexId,
  publicKeyToAccountId,
  readsPot,
  reservePot,
  struct,
  type TxKind,
  type TypeOf,
} from '#chain';
import { bytesToHex, equalBytes } from '#crypto';
import type { Violation } from '#errors';
import { registerContract } from '../form/register.js';
import { contractSpace } from '../lifecycle/contract-object.js';
import { closeFailed, settle } from '../lifecycle/settle.js';
import { validateSlot } from '../lifecycle/slot-room.js';
import { inheritLots } from '../money/lot.js';
import { agreementSchema, contractIdOf, providerAgrees } from '../terms/agreement.js';
import {
  type AgreementCost,
  costOfAgreement,
  validateOffer,
  validateTerms,
} from '../terms/agreement-rules.js';
import {
  type Replacement,
  validateCause,
  validateHolder,
  validateLimits,
  validateSameTerms,
} from './replace-rules.js';
import { priceReplacement, restOfTerm } from './replacement.js';

const bodySchema = struct({
  /** The contract that is replaced. */
  contract: hexId<ContractId>(32),
  /** What the new provider signs; the client agreed to it in the old contract's repair terms. */
  agreement: agreementSchema,
  providerSignature: bytes(64),
});

export type ReplaceBody = TypeOf<typeof bodySchema>;

/**
 * The repairer named in a contract gives its fragments to another provider while the client is away. All of it is paid
 * from what the client set aside and from the escrow that the old provider does not earn any more; nothing is burned,
 * and nothing can be minted that the old contract's burn had not paid for.
 */
export const replace: TxKind<'replace', ReplaceBody> = {
  name: 'replace',
  code: 17,
  body: bodySchema,
  replay: 'sequence',
  signatures: providerAgrees,
  apply(view, { contract: id, agreement }, context) {
    const contract = view.get(contractSpace, id);
    if (contract === undefined) return { rule: 'replace/no-contract', contract: id };
    const { repair } = contract;
    if (repair === undefined || !equalBytes(repair.key, context.sender)) {
      const repairer = repair === undefined ? 'none' : bytesToHex(repair.key);
      return { rule: 'replace/not-repairer', contract: id, repairer };
    }
    const replacement = { id, contract, repair, agreement };
    const cost = costOfAgreement(view, agreement, 0n);
    return (
      validateCause(replacement) ??
      validateHolder(view, replacement) ??
      validateSameTerms(replacement) ??
      validateLimits(view, replacement) ??
      validateTerms(view, agreement, cost) ??
      validateOffer(view, agreement) ??
      goOn(view, replacement, cost, context.id)
    );
  },
  // What repairs while the client is away is paid by what the client set aside, but a repairer that works with a miner
  // must not give it away as fees: no more than the new holder gets for its trouble.
  feePot(view, { agreement }, context) {
    const next = contractIdOf(view.crypto, view.params, agreement);
    const isCovered =
      context.fee <= view.balance(bountyPot(next)) && context.fee <= view.balance(reservePot(next));
    return isCovered ? reservePot(next) : accountPot(context.account);
  },
};

/** Closes the old contract and opens the new one with its coins, lots and deposits. */
function goOn(
  view: BlockView,
  { id: old, contract, repair, agreement }: Replacement,
  cost: AgreementCost,
  transaction: string,
): Violation | undefined {
  const id = contractIdOf(view.crypto, view.params, agreement);
  if (view.get(contractSpace, id) !== undefined) return { rule: 'form/twice', contract: id };
  const crowded = validateSlot(view, id);
  if (crowded !== undefined) return crowded;
  const provider = accountPot(publicKeyToAccountId(view.crypto, view.params, agreement.providerKey));
  const pots = { escrow: view.balance(escrowPot(old)), reserve: view.balance(reservePot(old)) };
  const { bounty, reserve } = priceReplacement(view.params, pots, agreement);
  view.mustMove(escrowPot(old), reservePot(old), pots.escrow, 'escrow-to-reserve', old);
  const unpaid =
    view.move(reservePot(old), escrowPot(id), cost.escrow, 'escrow', id) ??
    view.move(provider, collateralPot(id), agreement.collateral, 'collateral', id);
  if (unpaid !== undefined) return unpaid;
  view.mustMove(reservePot(old), bountyPot(id), bounty, 'bounty-promised', id);
  view.mustMove(reservePot(old), reservePot(id), reserve, 'reserve', id);
  view.mustMove(readsPot(old), readsPot(id), view.balance(readsPot(old)), 'reads', id);
  const { fromEpoch } = restOfTerm(view.params, contract, view.height);
  const lots = inheritLots(contract.lots, fromEpoch, agreement.epochs);
  if (contract.status === 'failed') closeFailed(view, old, contract, id);
  else settle(view, old, contract, 'replaced', id);
  registerContract(view, {
    id,
    client: contract.client,
    agreement,
    cost,
    lots,
    droppedChunks: contract.droppedChunks,
    repair,
    origin: { kind: 'replacement', contract: old },
    transaction,
  });
  return undefined;
}
