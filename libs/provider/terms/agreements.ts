import { type ContractId, decode, type FragmentId } from '#chain';
import {
  type Agreement,
  agreementSchema,
  agreementSigningMessage,
  commitToLeaves,
  contractIdOf,
  entriesToLeaves,
  type FragmentEntry,
  priceContract,
  shareOfUp,
} from '#contracts';
import { bytesToHex, equalBytes, hexToBytes } from '#crypto';
import { accepted, type Result, refused, type Violation } from '#errors';
import { type AgreementAnswer, type AgreementRequest, type OfferView, proposalMessage } from '#wire';
import type { ChainWatch } from '../chain/chain-watch.js';
import { nowSeconds, type ProviderContext } from '../provider-context.js';
import type { ContractRecord } from '../records/contract-record.js';

/** Signs agreements over what is stored, when they say what the provider offers. */
export class Agreements {
  readonly #context: ProviderContext;
  readonly #watch: ChainWatch;
  /** One agreement at a time: the sum of promised collateral must be exact. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(context: ProviderContext, watch: ChainWatch) {
    this.#context = context;
    this.#watch = watch;
  }

  /**
   * The provider's signature, or the first rule the agreement breaks. Asking again for the same gets the same.
   * @throws AppError `provider/no-offer`, and the node's errors while it cannot be asked
   */
  sign(request: AgreementRequest): Promise<Result<AgreementAnswer>> {
    const signed = this.#turn.catch(() => undefined).then(() => this.#sign(request));
    this.#turn = signed;
    return signed;
  }

  async #sign(request: AgreementRequest): Promise<Result<AgreementAnswer>> {
    const { crypto, params, records } = this.#context;
    const bytes = hexToBytes(request.agreement);
    const decoded = decode(agreementSchema, bytes);
    if (!decoded.ok) return refused({ rule: 'agreement/malformed', why: decoded.violation.rule });
    const agreement = decoded.value;
    const isProposed = crypto.verify({
      publicKey: agreement.clientKey,
      message: proposalMessage(crypto, params, bytes),
      signature: hexToBytes(request.signature),
    });
    if (!isProposed) return refused({ rule: 'agreement/signature', client: bytesToHex(agreement.clientKey) });
    const id = contractIdOf(crypto, params, agreement);
    const record = records.contract(id);
    if (record === undefined) return refused({ rule: 'agreement/no-reservation', contract: id });
    if (record.agreement?.bytes === request.agreement) {
      return accepted({ providerSignature: record.agreement.signature });
    }
    const entries = request.fragments.map(({ id, lengthBytes }) => ({ id: id as FragmentId, lengthBytes }));
    const violation =
      this.#validateReservation(record, agreement) ??
      this.#validateTerms(agreement, await this.#watch.currentOffer()) ??
      (await this.#validateHeight(agreement)) ??
      this.#validateCommitment(agreement, entries) ??
      (await this.#validateStored(id, entries)) ??
      (await this.#validateFunds(id, agreement));
    if (violation !== undefined) return refused(violation);
    const providerSignature = await this.#promise(record, agreement, entries, request.agreement);
    if (providerSignature !== undefined) return accepted({ providerSignature });
    const { expiresAt } = record;
    return refused({
      rule: 'agreement/reservation-expired',
      contract: id,
      expiresAt,
      now: nowSeconds(this.#context),
    });
  }

  #validateReservation(record: ContractRecord, agreement: Agreement): Violation | undefined {
    const { id } = record;
    if (record.state === 'formed' || record.state === 'settled') {
      return { rule: 'agreement/already-formed', contract: id };
    }
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
    if (agreement.epochs !== record.epochs) {
      return { rule: 'agreement/epochs', epochs: agreement.epochs, reserved: record.epochs };
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

  #validateTerms(agreement: Agreement, offer: OfferView): Violation | undefined {
    const { account, params } = this.#context;
    if (String(agreement.offerNumber) !== offer.number) {
      return { rule: 'agreement/offer', offerNumber: agreement.offerNumber, current: offer.number };
    }
    if (
      String(agreement.basePerEpoch) !== offer.basePerEpoch ||
      String(agreement.pricePerGiBEpoch) !== offer.pricePerGiBEpoch
    ) {
      return {
        rule: 'agreement/price',
        basePerEpoch: agreement.basePerEpoch,
        pricePerGiBEpoch: agreement.pricePerGiBEpoch,
        offered: `${offer.basePerEpoch} and ${offer.pricePerGiBEpoch}`,
      };
    }
    if (agreement.payout !== account) {
      return { rule: 'agreement/payout', payout: agreement.payout, expected: account };
    }
    const price = priceContract(params, agreement);
    const offered = shareOfUp(price.escrow, BigInt(offer.collateralBps));
    const most = offered > price.minCollateral ? offered : price.minCollateral;
    if (agreement.collateral < price.minCollateral || agreement.collateral > most) {
      return {
        rule: 'agreement/collateral',
        collateral: agreement.collateral,
        allowed: `${price.minCollateral} to ${most}`,
      };
    }
    return undefined;
  }

  async #validateHeight(agreement: Agreement): Promise<Violation | undefined> {
    const height = (await this.#context.ledger.status()).tip.height;
    const latest = height + this.#context.limits.maxFormByBlocks;
    return agreement.formBy <= height || agreement.formBy > latest
      ? { rule: 'agreement/form-by', formBy: agreement.formBy, height, latest }
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
    const promised = records
      .contracts()
      .filter((record) => record.state === 'agreed' && record.id !== id)
      .reduce((sum, record) => sum + (record.agreement?.collateral ?? 0n), 0n);
    return promised + agreement.collateral > balance
      ? { rule: 'agreement/no-collateral', collateral: agreement.collateral, promised, balance }
      : undefined;
  }

  /**
   * Remembered before the signature leaves: what was signed must be kept. Undefined where the reservation has lapsed
   * meanwhile, and its fragments with it.
   */
  async #promise(
    record: ContractRecord,
    agreement: Agreement,
    entries: readonly FragmentEntry[],
    bytes: string,
  ): Promise<string | undefined> {
    const { crypto, keys, params, records } = this.#context;
    const signature = bytesToHex(
      crypto.sign(keys.secretKey, agreementSigningMessage(crypto, params, agreement)),
    );
    const { formBy, collateral, totalBytes } = agreement;
    const previous = record.agreement;
    await records.setLeaves(record.id, entries);
    if (records.contract(record.id) === undefined) {
      await records.forget(record.id);
      return undefined;
    }
    await records.save({
      ...record,
      state: 'agreed',
      agreement: {
        root: bytesToHex(agreement.root),
        // The client may still register the agreement before this one.
        formBy: Math.max(formBy, previous?.formBy ?? 0),
        collateral:
          previous !== undefined && previous.collateral > collateral ? previous.collateral : collateral,
        totalBytes,
        signature,
        bytes,
      },
    });
    return signature;
  }
}
