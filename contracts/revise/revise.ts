import {
  accountPot,
  type BlockView,
  BURN,
  collateralPot,
  escrowPot,
  readsPot,
  reservePot,
  type TxKind,
} from '#chain';
import type { Violation } from '#errors';
import { contractSpace, type StorageContract } from '../lifecycle/contract-object.js';
import { epochsBegun, storeContract } from '../lifecycle/schedule.js';
import { emitContract } from '../lifecycle/settle.js';
import { burnPriceOf, recordDemand } from '../money/burn-price.js';
import { takeCapacity } from '../offer/usage.js';
import { priceRevision, type RevisionPrice } from './price-revision.js';
import { type ReviseBody, type Revision, reviseBodySchema, revisionSigningMessage } from './revision.js';
import {
  revisionsInEpoch,
  validateCommitment,
  validateMoment,
  validateParties,
  validatePrice,
  validateRoom,
  validateTerm,
} from './revision-rules.js';

/**
 * Publishes what both sides signed: fragments appended, the term extended, coins added. All of it or nothing: a refused
 * or lost revision leaves the contract as it was. Challenges that are open keep their snapshot.
 */
export const revise: TxKind<'revise', ReviseBody> = {
  name: 'revise',
  code: 14,
  body: reviseBodySchema,
  replay: 'unique',
  uniqueKey: ({ revision }) => `${revision.contract}:${revision.number}`,
  signatures: ({ revision, clientKey, providerKey, clientSignature, providerSignature }, context) => {
    const message = revisionSigningMessage(context.crypto, context.params, revision);
    return [
      { publicKey: clientKey, message, signature: clientSignature },
      { publicKey: providerKey, message, signature: providerSignature },
    ];
  },
  apply(view, body, context) {
    const { revision } = body;
    const contract = view.get(contractSpace, revision.contract);
    if (contract === undefined) return { rule: 'revise/no-contract', contract: revision.contract };
    const violation =
      validateParties(contract, body, context.account) ??
      validateMoment(view, contract, body) ??
      validateTerm(view, contract, body) ??
      validateCommitment(view, contract, body);
    if (violation !== undefined) return violation;
    const price = priceRevision(view.params, contract, revision, burnPriceOf(view.params, view));
    const collateralLeft = view.balance(collateralPot(revision.contract));
    return (
      validatePrice(view, contract, body, price, collateralLeft) ??
      validateRoom(view, contract, price) ??
      publish(view, contract, revision, price, context.id)
    );
  },
};

function publish(
  view: BlockView,
  contract: StorageContract,
  revision: Revision,
  price: RevisionPrice,
  transaction: string,
): Violation | undefined {
  const { contract: id, addReserve, addReadEscrow, addCollateral } = revision;
  const client = accountPot(contract.client);
  const unpaid =
    view.move(client, escrowPot(id), price.escrowAdded, 'escrow', id) ??
    view.move(client, BURN, price.burn, 'burn', id) ??
    view.move(client, reservePot(id), addReserve, 'reserve', id) ??
    view.move(client, readsPot(id), addReadEscrow, 'reads', id) ??
    view.move(accountPot(contract.provider), collateralPot(id), addCollateral, 'collateral', id);
  if (unpaid !== undefined) return unpaid;
  if (price.bytesAdded > 0n) takeCapacity(view, contract.provider, price.bytesAdded);
  for (const lot of price.lots.slice(contract.lots.length))
    recordDemand(view, lot.bytes, lot.endEpoch - lot.firstEpoch);
  const epoch = epochsBegun(view.params, contract, view.height);
  storeContract(view, id, {
    ...contract,
    epochs: revision.epochs,
    endEpoch: price.endEpoch,
    tranche: price.tranche,
    begun: price.begun,
    collateral: contract.collateral + addCollateral,
    root: revision.root,
    leafCount: revision.leafCount,
    totalBytes: revision.totalBytes,
    totalChunks: revision.totalChunks,
    burned: contract.burned + price.burn,
    lots: price.lots,
    revision: revision.number,
    revised: { epoch, count: revisionsInEpoch(contract, epoch) + 1 },
  });
  emitContract(view, 'contract/revised', id, {
    number: revision.number,
    bytesAdded: price.bytesAdded,
    epochsAdded: price.epochsAdded,
    escrowAdded: price.escrowAdded,
    burned: price.burn,
    reserveAdded: addReserve,
    readEscrowAdded: addReadEscrow,
    collateralAdded: addCollateral,
    tranche: price.tranche,
    transaction,
  });
  return undefined;
}
