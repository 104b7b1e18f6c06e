import {
  accountPot,
  type BlockView,
  BURN,
  bytes,
  collateralPot,
  escrowPot,
  MAX_U63,
  publicKeyToAccountId,
  struct,
  type TxContext,
  type TxKind,
  type TypeOf,
} from '#chain';
import { bytesToHex, equalBytes } from '#crypto';
import type { Violation } from '#errors';
import { contractSpace, type StorageContract } from '../lifecycle/contract-object.js';
import { storeContract } from '../lifecycle/schedule.js';
import { openLot } from '../money/lot.js';
import { type PriceFigures, priceContract } from '../money/price.js';
import { type Offer, offerSpace } from '../offer/offer.js';
import { takeCapacity, usageSpace } from '../offer/usage.js';
import {
  type Agreement,
  agreementSchema,
  agreementSigningMessage,
  contractIdOf,
} from '../terms/agreement.js';
import { commitToLeaves, entriesToLeaves, fragmentListSchema } from '../terms/leaves.js';

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
  signatures: ({ agreement, providerSignature }, { crypto, params }) => [
    {
      publicKey: agreement.providerKey,
      message: agreementSigningMessage(crypto, params, agreement),
      signature: providerSignature,
    },
  ],
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
    const price = priceContract(view.params, agreement);
    const violation =
      validateTerms(view, agreement, price) ??
      validateFragments(view, body) ??
      validateOffer(view, agreement);
    return violation ?? register(view, agreement, price, context);
  },
};

function validateTerms(view: BlockView, agreement: Agreement, price: PriceFigures): Violation | undefined {
  const { minEpochs, maxEpochs } = view.params.contract;
  if (agreement.formBy < view.height)
    return { rule: 'form/late', formBy: agreement.formBy, height: view.height };
  if (agreement.epochs < minEpochs || agreement.epochs > maxEpochs) {
    return { rule: 'form/epochs', epochs: agreement.epochs, allowed: `${minEpochs} to ${maxEpochs}` };
  }
  if (equalBytes(agreement.clientKey, agreement.providerKey)) return { rule: 'form/same-party' };
  if (price.escrow + price.burn > MAX_U63) return { rule: 'form/overflow', price: price.escrow };
  if (agreement.collateral < price.minCollateral) {
    return { rule: 'form/collateral', collateral: agreement.collateral, min: price.minCollateral };
  }
  return undefined;
}

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

function validateOffer(view: BlockView, agreement: Agreement): Violation | undefined {
  const provider = publicKeyToAccountId(view.crypto, view.params, agreement.providerKey);
  const current: Offer | undefined = view.get(offerSpace, provider);
  if (current === undefined || current.number !== agreement.offerNumber) {
    return {
      rule: 'form/offer',
      offerNumber: agreement.offerNumber,
      current: current?.number ?? 'none',
      provider,
    };
  }
  if (current.expiresAt <= view.height) {
    return { rule: 'form/offer-expired', expiresAt: current.expiresAt, height: view.height };
  }
  if (agreement.epochs < current.minEpochs || agreement.epochs > current.maxEpochs) {
    return {
      rule: 'form/offer-epochs',
      epochs: agreement.epochs,
      offered: `${current.minEpochs} to ${current.maxEpochs}`,
    };
  }
  const used = view.get(usageSpace, provider) ?? 0n;
  if (used + agreement.totalBytes > current.capacityBytes) {
    return {
      rule: 'form/capacity',
      totalBytes: agreement.totalBytes,
      usedBytes: used,
      capacityBytes: current.capacityBytes,
    };
  }
  return undefined;
}

function register(
  view: BlockView,
  agreement: Agreement,
  price: PriceFigures,
  context: TxContext,
): Violation | undefined {
  const id = contractIdOf(view.crypto, view.params, agreement);
  if (view.get(contractSpace, id) !== undefined) return { rule: 'form/twice', contract: id };
  const client = context.account;
  const provider = publicKeyToAccountId(view.crypto, view.params, agreement.providerKey);
  const unpaid =
    view.move(accountPot(client), escrowPot(id), price.escrow, 'escrow', id) ??
    view.move(accountPot(client), BURN, price.burn, 'burn', id) ??
    view.move(accountPot(provider), collateralPot(id), agreement.collateral, 'collateral', id);
  if (unpaid !== undefined) return unpaid;
  takeCapacity(view, provider, agreement.totalBytes);
  const contract: StorageContract = {
    client,
    provider,
    clientKey: agreement.clientKey,
    providerKey: agreement.providerKey,
    ticketKey: agreement.ticketKey,
    payout: agreement.payout,
    registeredAt: view.height,
    epochs: agreement.epochs,
    tranche: price.tranche,
    collateral: agreement.collateral,
    root: agreement.root,
    leafCount: agreement.leafCount,
    totalBytes: agreement.totalBytes,
    totalChunks: agreement.totalChunks,
    status: 'active',
    nextEpoch: 0,
    endEpoch: agreement.epochs,
    proven: 0,
    missed: 0,
    lot: openLot(price.burn, agreement.epochs),
    window: undefined,
    dueAt: 0,
    settledAt: undefined,
  };
  storeContract(view, id, contract);
  view.emit({
    type: 'object',
    name: 'contract/formed',
    subject: id,
    data: {
      client,
      provider,
      totalBytes: agreement.totalBytes,
      epochs: agreement.epochs,
      tranche: price.tranche,
      burned: price.burn,
      collateral: agreement.collateral,
      transaction: context.id,
    },
  });
  return undefined;
}
