import { randomBytes } from 'node:crypto';
import type { ContractId, FragmentId } from '#chain';
import {
  type Agreement,
  burnBound,
  type Commitment,
  collateralFor,
  commitToLeaves,
  contractIdOf,
  entriesToLeaves,
  type FragmentEntry,
  priceContract,
  validateStorageProof,
} from '#contracts';
import { hexToBytes, readU64le } from '#crypto';
import { AppError, assertInvariant, violationToText } from '#errors';
import type { Candidate } from '#placement';
import { type CounterTerms, NEW_CONTRACT } from '#wire';
import type { ClientContext } from '../context.js';
import { negotiate } from '../negotiation/negotiate.js';
import { offerToDeal } from '../negotiation/offer-to-deal.js';
import { httpAddress } from '../providers/provider-directory.js';
import { ProviderSession } from '../providers/provider-session.js';
import type { SlotRecord, SlotRoom } from './slot-record.js';
import { type Deposits, reserveOf, type UploadPlan } from './upload-plan.js';

/** A reservation holds for this long, and longer for each MiB: a killed upload frees its room soon, a slow one keeps it. */
const RESERVATION_LIFE_SECONDS = 900;
const SECONDS_PER_MIB = 8;
/** Taking back a question for room is a courtesy: the room lapses anyway. */
const TAKE_BACK_MS = 1_000;
/** Telling a provider that nothing comes of it is a courtesy: its room lapses anyway. */
const WITHDRAW_MS = 2_000;
const MAX_RESERVATION_LIFE_SECONDS = 23 * 3600;
/** Chunks that a provider shows before it is paid. */
const CHUNKS_PER_AUDIT = 2;
const AUDIT_BUDGET_BYTES = 1n << 16n;
/** Blocks within which a signed agreement must be on chain. */
const FORM_WITHIN_BLOCKS = 60;

/** What an agreement follows from on the chain. */
export interface ChainNow {
  readonly height: number;
  /** Base units per GiB and epoch. */
  readonly burnPerGiBEpoch: bigint;
}

/** An agreement both sides signed, ready for the ledger. */
export interface SignedAgreement {
  readonly contract: ContractId;
  readonly agreement: Agreement;
  readonly fragments: readonly FragmentEntry[];
  readonly providerSignature: Uint8Array;
}

/** One contract in the making: a provider with room kept for us, and the fragments it has taken so far. */
export class UploadSlot implements SlotRecord {
  private readonly entries = new Map<FragmentId, number>();
  private promisedBytes = 0n;
  private promisedFragments = 0;
  /** Whether fragments can still be added. */
  isOpen = true;

  private constructor(
    private readonly context: ClientContext,
    readonly candidate: Candidate,
    private readonly record: SlotRecord,
    private readonly session: ProviderSession,
  ) {}

  /** Asks a provider for room; throws where it refuses or cannot be reached. */
  static async open(
    context: ClientContext,
    candidate: Candidate,
    request: SlotRoom & { signal?: AbortSignal | undefined },
  ): Promise<UploadSlot> {
    const { crypto, params, identity } = context;
    const { signal, ...room } = request;
    const providerKey = hexToBytes(candidate.offer.publicKey);
    const nonce = new Uint8Array(randomBytes(16));
    const clientKey = identity.wallet.publicKey;
    const contract = contractIdOf(crypto, params, { clientKey, providerKey, nonce });
    const expiresAt = Math.floor(context.nowMs() / 1000) + reservationLife(room.maxBytes);
    const slot = UploadSlot.again(context, candidate, { ...room, contract, nonce, providerKey, expiresAt });
    const ticketKey = identity.content.publicKey;
    const reservation = { clientKey, providerKey, nonce, ticketKey, ...room, expiresAt: BigInt(expiresAt) };
    try {
      await slot.session.reserve(reservation, { signal });
    } catch (error) {
      // It may have got there all the same.
      if (signal?.aborted === true) await slot.withdraw(AbortSignal.timeout(TAKE_BACK_MS));
      throw error;
    }
    return slot;
  }

  /** A slot that was opened before, perhaps by a process that is gone. */
  static again(context: ClientContext, candidate: Candidate, record: SlotRecord): UploadSlot {
    const baseUrl = httpAddress(candidate.endpoint.addresses);
    assertInvariant(baseUrl !== undefined, `candidate ${candidate.offer.provider} has no HTTP address`);
    const { contract, providerKey, maxBytes } = record;
    const { agent } = context.providers;
    // A broken connection may repeat a fragment: twice the bytes is room for that.
    const target = { agent, baseUrl, providerKey, contract, budgetBytes: maxBytes * 2n + AUDIT_BUDGET_BYTES };
    return new UploadSlot(context, candidate, record, new ProviderSession(context, target));
  }

  get contract(): ContractId {
    return this.record.contract;
  }
  get nonce(): Uint8Array {
    return this.record.nonce;
  }
  get providerKey(): Uint8Array {
    return this.record.providerKey;
  }
  get maxBytes(): bigint {
    return this.record.maxBytes;
  }
  get maxFragments(): number {
    return this.record.maxFragments;
  }
  get epochs(): number {
    return this.record.epochs;
  }
  get expiresAt(): number {
    return this.record.expiresAt;
  }

  get provider(): string {
    return this.candidate.offer.provider;
  }

  get fragmentCount(): number {
    return this.entries.size;
  }

  /** Counts a fragment that is about to be sent; false where the room is not enough for it. */
  take(lengthBytes: number): boolean {
    const bytes = this.promisedBytes + BigInt(lengthBytes);
    if (!this.isOpen || bytes > this.maxBytes || this.promisedFragments >= this.maxFragments) return false;
    this.promisedBytes = bytes;
    this.promisedFragments += 1;
    return true;
  }

  /** A fragment that was counted did not arrive. */
  giveBack(lengthBytes: number): void {
    this.promisedBytes -= BigInt(lengthBytes);
    this.promisedFragments -= 1;
  }

  /** Stores a fragment and remembers it for the agreement. */
  async put(fragment: FragmentId, bytes: Uint8Array, signal?: AbortSignal): Promise<void> {
    await this.session.putFragment(fragment, bytes, signal);
    this.entries.set(fragment, bytes.length);
  }

  /** Gets a fragment back, checked against its id. */
  get(fragment: FragmentId, lengthBytes: number, signal?: AbortSignal): Promise<Uint8Array> {
    return this.session.getFragment(fragment, lengthBytes, signal);
  }

  /** Settles the terms over everything stored here, or over the part of it that is wanted. */
  async agree(
    now: ChainNow,
    { limits = {}, deposits = {} }: Partial<Pick<UploadPlan, 'limits' | 'deposits'>> = {},
    signal?: AbortSignal,
    wanted?: readonly FragmentEntry[],
  ): Promise<SignedAgreement> {
    const { crypto, journal } = this.context;
    const { session, epochs, contract } = this;
    const fragments = wanted ?? [...this.entries].map(([id, lengthBytes]) => ({ id, lengthBytes }));
    const leaves = entriesToLeaves(fragments);
    assertInvariant(leaves.ok, 'fragments taken by a provider make leaves');
    const commitment = commitToLeaves(crypto, leaves.value);
    const deal = {
      session,
      quoted: offerToDeal(this.context.params, this.candidate.offer, now.height),
      epochs,
      origin: NEW_CONTRACT,
      fragments,
      limits,
      journal,
      draft: (terms: CounterTerms) => this.draft(terms, { commitment, deposits, now }),
    };
    this.isOpen = false;
    return { contract, fragments, ...(await negotiate(deal, signal)) };
  }

  /**
   * Has the provider prove that it holds chunks of what was agreed on, drawn now: a receipt alone is only a promise.
   * @throws AppError `provider/bad-proof`, and what asking throws
   */
  async audit(
    { agreement: { root, leafCount, totalChunks } }: SignedAgreement,
    signal?: AbortSignal,
  ): Promise<void> {
    const draws = Array.from(
      { length: CHUNKS_PER_AUDIT },
      () => readU64le(new Uint8Array(randomBytes(8)), 0) % totalChunks,
    );
    const proof = await this.session.audit(draws, signal);
    const target = { root, leafCount, draws, wanted: draws.length };
    const violation = validateStorageProof(this.context.crypto, target, proof);
    if (violation === undefined) return;
    throw new AppError({
      code: 'provider/bad-proof',
      message: `The provider at ${this.session.baseUrl} signed for bytes that it cannot show: ${violationToText(violation)}.`,
      next: 'It is not used further; another provider is where there is one.',
      data: { origin: this.session.baseUrl },
    });
  }

  /** Frees the room at once where the provider can be told; otherwise it lapses. */
  async withdraw(signal?: AbortSignal): Promise<void> {
    this.isOpen = false;
    try {
      await this.session.withdraw(signal);
    } catch (error) {
      if (!(error instanceof AppError) && signal?.aborted !== true) throw error;
    }
    await this.context.journal.close(this.contract);
  }

  private draft(
    terms: CounterTerms,
    { commitment, deposits, now }: { commitment: Commitment; deposits: Deposits; now: ChainNow },
  ): Agreement {
    const { params, identity } = this.context;
    const { epochs } = this;
    const { basePerEpoch, pricePerGiBEpoch } = terms;
    const { totalBytes } = commitment;
    const price = priceContract(params, { basePerEpoch, pricePerGiBEpoch, totalBytes, epochs });
    return {
      clientKey: identity.wallet.publicKey,
      providerKey: this.session.providerKey,
      nonce: this.nonce,
      ticketKey: identity.content.publicKey,
      payout: terms.payout,
      offerNumber: terms.offerNumber,
      formBy: Math.min(now.height + FORM_WITHIN_BLOCKS, terms.latestFormBy),
      epochs,
      basePerEpoch,
      pricePerGiBEpoch,
      collateral: collateralFor(price.escrow, BigInt(terms.collateralBps)),
      readEscrow: deposits.readEscrow ?? 0n,
      repair: deposits.repair,
      reserve: reserveOf(deposits, price.escrow),
      pricePerGiBRead: terms.pricePerGiBRead,
      freeReadBytesPerEpoch: terms.freeReadBytesPerEpoch,
      maxBurn: burnBound(now.burnPerGiBEpoch, totalBytes, epochs),
      ...commitment,
    };
  }
}

/** Gives room back that is not needed; never fails. */
export async function withdrawAll(slots: Iterable<UploadSlot>): Promise<void> {
  const within = AbortSignal.timeout(WITHDRAW_MS);
  await Promise.allSettled([...slots].map((slot) => slot.withdraw(within)));
}

function reservationLife(maxBytes: bigint): number {
  return Math.min(
    MAX_RESERVATION_LIFE_SECONDS,
    RESERVATION_LIFE_SECONDS + SECONDS_PER_MIB * Number(maxBytes >> 20n),
  );
}
