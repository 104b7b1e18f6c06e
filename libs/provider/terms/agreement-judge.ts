import type { ContractId } from '#chain';
import {
  type Agreement,
  collateralFor,
  commitToLeaves,
  entriesToLeaves,
  type FragmentEntry,
  type Leaf,
  priceContract,
} from '#contracts';
import { bytesToHex, equalBytes } from '#crypto';
import type { Violation } from '#errors';
import { type ContractView, type CounterTerms, entriesToList, rootOf } from '#wire';
import type { ChainWatch } from '../chain/chain-watch.js';
import { nowSeconds, type ProviderContext } from '../provider-context.js';
import type { Redeemer } from '../reads/redeemer.js';
import type { ContractRecord } from '../records/contract-record.js';
import type { PromisedPrices } from '../records/negotiation-records.js';
import { findLeaves } from './leaf-lists.js';
import { validateSameList, validateStored } from './list-checks.js';
import { type OfferNow, offerToTerms } from './offer-terms.js';

/** What a provider makes of a proposal: nothing wrong with it, other terms would do, or none would. */
export type Judgement =
  | {
      readonly outcome: 'agree';
      readonly height: number;
      /** The list that is agreed on. */
      readonly entries: readonly FragmentEntry[];
      /** Collateral that comes back in the same step. */
      readonly returned: bigint;
    }
  | {
      readonly outcome: 'counter';
      readonly height: number;
      readonly violation: Violation;
      readonly terms: CounterTerms;
    }
  | { readonly outcome: 'decline'; readonly height: number; readonly violation: Violation };

/** Holds a proposed agreement against what is reserved, offered, stored and owned. */
export class AgreementJudge {
  readonly #context: ProviderContext;
  readonly #watch: ChainWatch;
  readonly #redeemer: Redeemer;

  constructor(context: ProviderContext, watch: ChainWatch, redeemer: Redeemer) {
    this.#context = context;
    this.#watch = watch;
    this.#redeemer = redeemer;
  }

  /** @throws AppError `provider/no-offer`, and the node's errors while it cannot be asked */
  async judge(
    record: ContractRecord,
    agreement: Agreement,
    entries: readonly FragmentEntry[],
    promised: PromisedPrices | undefined,
  ): Promise<Judgement> {
    const { ledger } = this.#context;
    const { origin } = record;
    const view = origin === undefined ? null : await ledger.contract({ id: origin.contract });
    const renewed = origin?.kind === 'renewal' ? (view ?? undefined) : undefined;
    const offer = await this.#watch.currentOffer();
    const { height } = (await this.#context.ledger.status()).tip;
    const now = { offer, height, promised: isHeld(promised, height) ? promised : undefined };
    const leaves = view === null ? undefined : await this.#leavesToGoOn(record, view, entries);
    const impossible =
      this.#validateReservation(record, agreement) ??
      (view === null
        ? this.#validateCommitment(agreement, entries)
        : validateSameList(agreement, view, leaves)) ??
      (await validateStored(
        this.#context,
        renewed === undefined ? record.id : origin!.contract,
        leaves ?? entries,
      ));
    // A renewal settles the old contract, and what was read under it could not be cashed any more.
    if (impossible === undefined && renewed !== undefined && (await this.#redeemer.redeem(renewed))) {
      const worth = this.#redeemer.worth(renewed);
      return {
        outcome: 'decline',
        height,
        violation: { rule: 'renewal/reads-open', contract: renewed.id, worth },
      };
    }
    if (impossible !== undefined) return { outcome: 'decline', height, violation: impossible };
    const other = this.#validateTerms(agreement, now);
    if (other !== undefined) {
      return { outcome: 'counter', height, violation: other, terms: offerToTerms(this.#context, now) };
    }
    const unfunded = await this.#validateFunds(record, agreement, renewed);
    return unfunded === undefined
      ? { outcome: 'agree', height, entries: leaves ?? entries, returned: BigInt(renewed?.collateral ?? 0) }
      : { outcome: 'decline', height, violation: unfunded };
  }

  /** The list of the contract that is gone on with: our own of a renewal, what was sent of a replacement. */
  async #leavesToGoOn(
    { origin }: ContractRecord,
    view: ContractView,
    entries: readonly FragmentEntry[],
  ): Promise<Leaf[] | undefined> {
    if (origin?.kind === 'renewal') return findLeaves(this.#context, origin.contract, view.root);
    const leaves = entriesToList(entries);
    return leaves.length > 0 && rootOf(this.#context.crypto, leaves) === view.root ? leaves : undefined;
  }

  #validateReservation(record: ContractRecord, agreement: Agreement): Violation | undefined {
    const { id } = record;
    // Two agreements of one contract must not be on the way at once: the fragments to prove would be open.
    if (record.agreement !== undefined && record.agreement.root !== bytesToHex(agreement.root)) {
      return { rule: 'agreement/already-signed', contract: id, root: record.agreement.root };
    }
    const now = nowSeconds(this.#context);
    if (record.state === 'reserved' && record.expiresAt <= now) {
      return { rule: 'agreement/reservation-expired', contract: id, expiresAt: record.expiresAt, now };
    }
    if (bytesToHex(agreement.ticketKey) !== record.ticketKey) {
      return { rule: 'agreement/ticket-key', contract: id, reserved: record.ticketKey };
    }
    if (agreement.totalBytes > record.maxBytes || agreement.leafCount > record.maxFragments) {
      return {
        rule: 'agreement/over-reservation',
        totalBytes: agreement.totalBytes,
        leafCount: agreement.leafCount,
        maxBytes: record.maxBytes,
        maxFragments: record.maxFragments,
      };
    }
    return undefined;
  }

  /** Everything that other terms would cure. */
  #validateTerms(agreement: Agreement, now: OfferNow): Violation | undefined {
    const { account, limits, params } = this.#context;
    const terms = offerToTerms(this.#context, now);
    const { offerNumber, epochs } = agreement;
    if (offerNumber !== terms.offerNumber) {
      return { rule: 'agreement/offer', offerNumber, current: terms.offerNumber };
    }
    if (epochs < terms.minEpochs || epochs > terms.maxEpochs) {
      return { rule: 'agreement/epochs', epochs, offered: `${terms.minEpochs} to ${terms.maxEpochs}` };
    }
    if (agreement.basePerEpoch < terms.basePerEpoch || agreement.pricePerGiBEpoch < terms.pricePerGiBEpoch) {
      return {
        rule: 'agreement/price',
        basePerEpoch: agreement.basePerEpoch,
        pricePerGiBEpoch: agreement.pricePerGiBEpoch,
        offered: `${terms.basePerEpoch} and ${terms.pricePerGiBEpoch}`,
      };
    }
    if (
      agreement.pricePerGiBRead < terms.pricePerGiBRead ||
      // What costs nothing is free without end.
      (terms.pricePerGiBRead > 0n && agreement.freeReadBytesPerEpoch > terms.freeReadBytesPerEpoch)
    ) {
      return {
        rule: 'agreement/reads',
        pricePerGiBRead: agreement.pricePerGiBRead,
        freeReadBytesPerEpoch: agreement.freeReadBytesPerEpoch,
        offered: `${terms.pricePerGiBRead} beyond ${terms.freeReadBytesPerEpoch} bytes of an epoch`,
      };
    }
    if (agreement.payout !== account) {
      return { rule: 'agreement/payout', payout: agreement.payout, expected: account };
    }
    const price = priceContract(params, agreement);
    const offered = collateralFor(price.escrow, BigInt(terms.collateralBps));
    const most = offered > price.minCollateral ? offered : price.minCollateral;
    if (agreement.collateral < price.minCollateral || agreement.collateral > most) {
      return {
        rule: 'agreement/collateral',
        collateral: agreement.collateral,
        allowed: `${price.minCollateral} to ${most}`,
      };
    }
    const latest = now.height + limits.maxFormByBlocks;
    return agreement.formBy <= now.height || agreement.formBy > latest
      ? { rule: 'agreement/form-by', formBy: agreement.formBy, height: now.height, latest }
      : undefined;
  }

  #validateCommitment(agreement: Agreement, entries: readonly FragmentEntry[]): Violation | undefined {
    if (entries.length === 0) return { rule: 'agreement/no-fragments' };
    const leaves = entriesToLeaves(entries);
    if (!leaves.ok) return leaves.violation;
    const commitment = commitToLeaves(this.#context.crypto, leaves.value);
    const { leafCount, totalBytes, totalChunks } = commitment;
    if (
      leafCount !== agreement.leafCount ||
      totalBytes !== agreement.totalBytes ||
      totalChunks !== agreement.totalChunks
    ) {
      return { rule: 'agreement/totals', listed: `${leafCount} fragments, ${totalBytes} bytes` };
    }
    return equalBytes(commitment.root, agreement.root)
      ? undefined
      : { rule: 'agreement/root', root: bytesToHex(agreement.root), listed: bytesToHex(commitment.root) };
  }

  async #validateFunds(
    record: ContractRecord,
    { collateral }: Agreement,
    renewed: ContractView | undefined,
  ): Promise<Violation | undefined> {
    const { address, ledger, records } = this.#context;
    const balance = BigInt((await ledger.account({ account: address })).balance);
    const promised = promisedCollateral(records.contracts(), record.id);
    // A renewal gives back the old collateral before it takes the new one.
    const returned = BigInt(renewed?.collateral ?? 0);
    return promised + collateral > balance + returned
      ? { rule: 'agreement/no-collateral', collateral, promised, balance }
      : undefined;
  }
}

/** Collateral of what was signed and is not on chain yet, apart from one contract. */
export function promisedCollateral(records: readonly ContractRecord[], except: ContractId): bigint {
  let sum = 0n;
  for (const { id, state, agreement, revisions = [] } of records) {
    if (id === except) continue;
    if (state === 'agreed') sum += agreement?.collateral ?? 0n;
    let most = 0n;
    for (const { addCollateral, publishedAt } of revisions)
      if (publishedAt === undefined && addCollateral > most) most = addCollateral;
    sum += most;
  }
  return sum;
}

function isHeld(promised: PromisedPrices | undefined, height: number): boolean {
  return promised !== undefined && height <= promised.validUntil;
}
