import type { ContractId } from '#chain';
import {
  type Agreement,
  collateralFor,
  commitToLeaves,
  entriesToLeaves,
  type FragmentEntry,
  priceContract,
} from '#contracts';
import { bytesToHex, equalBytes } from '#crypto';
import type { Violation } from '#errors';
import type { CounterTerms } from '#wire';
import type { ChainWatch } from '../chain/chain-watch.js';
import { nowSeconds, type ProviderContext } from '../provider-context.js';
import type { ContractRecord } from '../records/contract-record.js';
import type { PromisedPrices } from '../records/negotiation-records.js';
import { type OfferNow, offerToTerms } from './offer-terms.js';

/** What a provider makes of a proposal: nothing wrong with it, other terms would do, or none would. */
export type Judgement =
  | { readonly outcome: 'agree'; readonly height: number }
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

  constructor(context: ProviderContext, watch: ChainWatch) {
    this.#context = context;
    this.#watch = watch;
  }

  /** @throws AppError `provider/no-offer`, and the node's errors while it cannot be asked */
  async judge(
    record: ContractRecord,
    agreement: Agreement,
    entries: readonly FragmentEntry[],
    promised: PromisedPrices | undefined,
  ): Promise<Judgement> {
    const offer = await this.#watch.currentOffer();
    const { height } = (await this.#context.ledger.status()).tip;
    const now = { offer, height, promised: isHeld(promised, height) ? promised : undefined };
    const impossible =
      this.#validateReservation(record, agreement) ??
      this.#validateCommitment(agreement, entries) ??
      (await this.#validateStored(record.id, entries));
    if (impossible !== undefined) return { outcome: 'decline', height, violation: impossible };
    const other = this.#validateTerms(agreement, now);
    if (other !== undefined) {
      return { outcome: 'counter', height, violation: other, terms: offerToTerms(this.#context, now) };
    }
    const unfunded = await this.#validateFunds(record.id, agreement);
    return unfunded === undefined
      ? { outcome: 'agree', height }
      : { outcome: 'decline', height, violation: unfunded };
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
      agreement.freeReadBytesPerEpoch > terms.freeReadBytesPerEpoch
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

  async #validateStored(id: ContractId, entries: readonly FragmentEntry[]): Promise<Violation | undefined> {
    const received = new Map(
      (await this.#context.records.fragments(id)).map((entry) => [entry.id, entry.lengthBytes]),
    );
    for (const entry of entries) {
      const stored = received.has(entry.id) ? await this.#context.store.stat(entry.id) : undefined;
      if (stored === undefined) return { rule: 'agreement/not-stored', contract: id, fragment: entry.id };
      if (stored.lengthBytes !== entry.lengthBytes) {
        return {
          rule: 'agreement/length',
          fragment: entry.id,
          lengthBytes: entry.lengthBytes,
          stored: stored.lengthBytes,
        };
      }
    }
    return undefined;
  }

  async #validateFunds(id: ContractId, agreement: Agreement): Promise<Violation | undefined> {
    const { address, ledger, records } = this.#context;
    const balance = BigInt((await ledger.account({ account: address })).balance);
    const promised = promisedCollateral(records.contracts(), id);
    return promised + agreement.collateral > balance
      ? { rule: 'agreement/no-collateral', collateral: agreement.collateral, promised, balance }
      : undefined;
  }
}

/** Collateral of what was signed and is not on chain yet, apart from one contract. */
export function promisedCollateral(records: readonly ContractRecord[], except: ContractId): bigint {
  return records
    .filter((record) => record.state === 'agreed' && record.id !== except)
    .reduce((sum, record) => sum + (record.agreement?.collateral ?? 0n), 0n);
}

function isHeld(promised: PromisedPrices | undefined, height: number): boolean {
  return promised !== undefined && height <= promised.validUntil;
}
