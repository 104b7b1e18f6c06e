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
} from '#contracts';
import { hexToBytes } from '#crypto';
import { assertInvariant } from '#errors';
import type { Candidate } from '#placement';
import { type CounterTerms, NEW_CONTRACT } from '#wire';
import type { ClientContext } from '../context.js';
import { negotiate } from '../negotiation/negotiate.js';
import { offerToDeal } from '../negotiation/offer-to-deal.js';
import { httpAddress } from '../providers/provider-directory.js';
import { ProviderSession } from '../providers/provider-session.js';
import type { Deposits, UploadPlan } from './upload-plan.js';

/** A reservation holds for this long, and a second more for each MiB: an upload that broke off frees its room soon. */
const RESERVATION_LIFE_SECONDS = 900;
const MAX_RESERVATION_LIFE_SECONDS = 23 * 3600;
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
export class UploadSlot {
  private readonly entries = new Map<FragmentId, number>();

  private constructor(
    private readonly context: ClientContext,
    readonly candidate: Candidate,
    readonly contract: ContractId,
    private readonly nonce: Uint8Array,
    private readonly epochs: number,
    private readonly session: ProviderSession,
  ) {}

  /** Asks a provider for room; throws where it refuses or cannot be reached. */
  static async open(
    context: ClientContext,
    candidate: Candidate,
    request: { maxBytes: bigint; maxFragments: number; epochs: number; signal?: AbortSignal | undefined },
  ): Promise<UploadSlot> {
    const { crypto, params, identity, providers } = context;
    const baseUrl = httpAddress(candidate.endpoint.addresses);
    assertInvariant(baseUrl !== undefined, `candidate ${candidate.offer.provider} has no HTTP address`);
    const providerKey = hexToBytes(candidate.offer.publicKey);
    const nonce = new Uint8Array(randomBytes(16));
    const contract = contractIdOf(crypto, params, {
      clientKey: identity.wallet.publicKey,
      providerKey,
      nonce,
    });
    // A broken connection may repeat a fragment: twice the bytes is room for that.
    const budget = request.maxBytes * 2n;
    const { agent } = providers;
    const session = new ProviderSession(context, {
      agent,
      baseUrl,
      providerKey,
      contract,
      budgetBytes: budget,
    });
    const { signal, ...room } = request;
    await session.reserve(
      {
        clientKey: identity.wallet.publicKey,
        providerKey,
        nonce,
        ticketKey: identity.content.publicKey,
        ...room,
        expiresAt: BigInt(Math.floor(context.nowMs() / 1000) + reservationLife(room.maxBytes)),
      },
      { signal },
    );
    return new UploadSlot(context, candidate, contract, nonce, room.epochs, session);
  }

  get provider(): string {
    return this.candidate.offer.provider;
  }

  get fragmentCount(): number {
    return this.entries.size;
  }

  /** Stores a fragment and remembers it for the agreement. */
  async put(fragment: FragmentId, bytes: Uint8Array, signal?: AbortSignal): Promise<void> {
    await this.session.putFragment(fragment, bytes, signal);
    this.entries.set(fragment, bytes.length);
  }

  /** Settles the terms over everything stored here. */
  async agree(
    now: ChainNow,
    { limits = {}, deposits = {} }: Partial<Pick<UploadPlan, 'limits' | 'deposits'>> = {},
    signal?: AbortSignal,
  ): Promise<SignedAgreement> {
    const { crypto, journal } = this.context;
    const { session, epochs, contract } = this;
    const fragments = [...this.entries].map(([id, lengthBytes]) => ({ id, lengthBytes }));
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
    return { contract, fragments, ...(await negotiate(deal, signal)) };
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
      reserve: deposits.reserve ?? 0n,
      pricePerGiBRead: terms.pricePerGiBRead,
      freeReadBytesPerEpoch: terms.freeReadBytesPerEpoch,
      maxBurn: burnBound(now.burnPerGiBEpoch, totalBytes, epochs),
      ...commitment,
    };
  }
}

function reservationLife(maxBytes: bigint): number {
  return Math.min(MAX_RESERVATION_LIFE_SECONDS, RESERVATION_LIFE_SECONDS + Number(maxBytes >> 20n));
}
