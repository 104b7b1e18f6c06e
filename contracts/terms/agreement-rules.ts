import { type BlockView, MAX_U63, publicKeyToAccountId } from '#chain';
import { equalBytes } from '#crypto';
import type { Violation } from '#errors';
import { type PriceFigures, priceContract } from '../money/price.js';
import { offerSpace } from '../offer/offer.js';
import { usageSpace } from '../offer/usage.js';
import type { Agreement } from './agreement.js';

/** What an agreement costs at the height of the block. */
export interface AgreementCost extends PriceFigures {
  readonly burn: bigint;
}

/** What registering an agreement costs, with what it burns: nothing where an older burn goes on. */
export function costOfAgreement(view: BlockView, agreement: Agreement, burn: bigint): AgreementCost {
  return { ...priceContract(view.params, agreement), burn };
}

/** Terms that no offer and no coins decide. */
export function validateTerms(
  view: BlockView,
  agreement: Agreement,
  cost: AgreementCost,
): Violation | undefined {
  const { minEpochs, maxEpochs } = view.params.contract;
  if (agreement.formBy < view.height)
    return { rule: 'form/late', formBy: agreement.formBy, height: view.height };
  if (agreement.epochs < minEpochs || agreement.epochs > maxEpochs) {
    return { rule: 'form/epochs', epochs: agreement.epochs, allowed: `${minEpochs} to ${maxEpochs}` };
  }
  if (equalBytes(agreement.clientKey, agreement.providerKey)) return { rule: 'form/same-party' };
  if (cost.escrow + cost.burn + agreement.reserve + agreement.readEscrow > MAX_U63) {
    return { rule: 'form/overflow', price: cost.escrow, burn: cost.burn };
  }
  if (agreement.reserve > 0n && agreement.repair === undefined) {
    return { rule: 'form/reserve', reserve: agreement.reserve, repairer: 'none' };
  }
  if (cost.burn > agreement.maxBurn)
    return { rule: 'form/burn', burn: cost.burn, maxBurn: agreement.maxBurn };
  if (agreement.collateral < cost.minCollateral) {
    return { rule: 'form/collateral', collateral: agreement.collateral, min: cost.minCollateral };
  }
  return undefined;
}

/** The provider's current offer must be the one agreed on, and hold; `ownBytes` are counted under it already. */
export function validateOffer(view: BlockView, agreement: Agreement, ownBytes = 0n): Violation | undefined {
  const provider = publicKeyToAccountId(view.crypto, view.params, agreement.providerKey);
  const current = view.get(offerSpace, provider);
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
  const used = (view.get(usageSpace, provider) ?? 0n) - ownBytes;
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
