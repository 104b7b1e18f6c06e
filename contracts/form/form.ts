import {
  accountPot,
  type BlockView,
  BURN,
  bytes,
  collateralPot,
  escrowPot,
  publicKeyToAccountId,
  readsPot,
  reservePot,
  struct,
  type TxContext,
  type TxKind,
  type TypeOf,
} from '#chain';
import { bytesToHex, equalBytes } from '#crypto';
import type { Violation } from '#errors';
import { contractSpace } from '../lifecycle/contract-object.js';
import { validateSlot } from '../lifecycle/slot-room.js';
import { burnPriceOf, recordDemand } from '../money/burn-price.js';
import { openLot } from '../money/lot.js';
import { burnFor } from '../money/price.js';
import { type Agreement, agreementSchema, contractIdOf, providerAgrees } from '../terms/agreement.js';
import {
  type AgreementCost,
  costOfAgreement,
  validateOffer,
  validateTerms,
} from '../terms/agreement-rules.js';
import { commitToLeaves, entriesToLeaves, fragmentListSchema } from '../terms/leaves.js';
import { registerContract } from './register.js';

const bodySchema = struct({
  agreement: agreementSchema,
  /** The fragments, in the order of the commitment's leaves. */
  fragments: fragmentListSchema,
  providerSignature: bytes(64),
});

export type FormBody = TypeOf<typeof bodySchema>;

/** Puts an agreement signed by both sides on chain; locks the price and the collateral, burns the burn. */
export const form: TxKind<'form', FormBody> = {
  name: 'form',
  code: 11,
  body: bodySchema,
  replay: 'sequence',
  signatures: providerAgrees,
  validate: ({ agreement }, context) =>
    equalBytes(agreement.clientKey, context.sender)
      ? undefined
      : {
          rule: 'form/not-client',
          client: bytesToHex(agreement.clientKey),
          sender: bytesToHex(context.sender),
        },
  apply(view, body, context) {
    const { agreement } = body;
    const burn = burnFor(burnPriceOf(view.params, view), agreement.totalBytes, agreement.epochs);
    const cost = costOfAgreement(view, agreement, burn);
    const violation =
      validateTerms(view, agreement, cost) ?? validateFragments(view, body) ?? validateOffer(view, agreement);
    return violation ?? register(view, agreement, cost, context);
  },
};

function validateFragments(view: BlockView, { agreement, fragments }: FormBody): Violation | undefined {
  const { maxLeaves } = view.params.contract;
  if (fragments.length === 0) return { rule: 'form/no-fragments' };
  if (fragments.length > maxLeaves)
    return { rule: 'form/too-many-fragments', count: fragments.length, max: maxLeaves };
  const leaves = entriesToLeaves(fragments);
  if (!leaves.ok) return leaves.violation;
  const commitment = commitToLeaves(view.crypto, leaves.value);
  if (
    commitment.leafCount !== agreement.leafCount ||
    commitment.totalBytes !== agreement.totalBytes ||
    commitment.totalChunks !== agreement.totalChunks
  ) {
    return {
      rule: 'form/totals',
      leafCount: agreement.leafCount,
      totalBytes: agreement.totalBytes,
      totalChunks: agreement.totalChunks,
      listedBytes: commitment.totalBytes,
    };
  }
  if (!equalBytes(commitment.root, agreement.root)) {
    return { rule: 'form/root', root: bytesToHex(agreement.root), listed: bytesToHex(commitment.root) };
  }
  return undefined;
}

function register(
  view: BlockView,
  agreement: Agreement,
  cost: AgreementCost,
  context: TxContext,
): Violation | undefined {
  const id = contractIdOf(view.crypto, view.params, agreement);
  if (view.get(contractSpace, id) !== undefined) return { rule: 'form/twice', contract: id };
  const crowded = validateSlot(view, id);
  if (crowded !== undefined) return crowded;
  const client = accountPot(context.account);
  const provider = publicKeyToAccountId(view.crypto, view.params, agreement.providerKey);
  const unpaid =
    view.move(client, escrowPot(id), cost.escrow, 'escrow', id) ??
    view.move(client, BURN, cost.burn, 'burn', id) ??
    view.move(client, reservePot(id), agreement.reserve, 'reserve', id) ??
    view.move(client, readsPot(id), agreement.readEscrow, 'reads', id) ??
    view.move(accountPot(provider), collateralPot(id), agreement.collateral, 'collateral', id);
  if (unpaid !== undefined) return unpaid;
  const { epochs, leafCount, totalBytes } = agreement;
  const lot = openLot(view.params, {
    burned: cost.burn,
    firstEpoch: 0,
    endEpoch: epochs,
    firstLeaf: 0,
    leafCount,
    bytes: totalBytes,
  });
  recordDemand(view, totalBytes, epochs);
  const { account, id: transaction } = context;
  registerContract(view, { id, client: account, agreement, cost, lots: [lot], transaction });
  return undefined;
}
