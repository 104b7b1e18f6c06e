import { randomBytes } from 'node:crypto';
import type { ContractId } from '#chain';
import { type Agreement, burnBound, collateralFor, contractIdOf, priceContract } from '#contracts';
import { hexToBytes } from '#crypto';
import { AppError } from '#errors';
import type { CounterTerms } from '#wire';
import type { CallOptions, ClientContext } from '../context.js';
import type { DealLimits } from '../negotiation/deal-limits.js';
import { negotiate } from '../negotiation/negotiate.js';
import { offerToDeal } from '../negotiation/offer-to-deal.js';
import { ProviderSession } from '../providers/provider-session.js';
import { refusedRule } from '../refusal.js';
import { type OpenWindow, whileWindowOpen } from './open-window.js';
import { type OwnContract, ownContract } from './own-contract.js';

/** From the block where a proof is first accepted; whoever takes longer may miss it altogether. */
const ANSWER_BLOCKS = 4;
/** Times a renewal is handed in: challenges are an epoch apart, more than one in between is the node's doing. */
const MAX_ATTEMPTS = 3;

/** How a contract is to go on. */
export interface RenewOptions extends CallOptions {
  /** Term of the new contract. */
  readonly epochs: number;
  /** How far the provider's price may be above its offer. */
  readonly limits?: DealLimits;
  /** The most the whole term may cost: escrow, burn and deposits. Base units. */
  readonly maxCost?: bigint;
  /** Set aside in the new contract; default: what the old one holds. Base units. */
  readonly reserve?: bigint;
  readonly readEscrow?: bigint;
}

/** A contract that goes on as another. */
export interface Renewed {
  readonly contract: ContractId;
  readonly renewed: ContractId;
  readonly transaction: string;
  /** Escrow, burn at its most, and deposits; what the old contract gives back comes off. Base units. */
  readonly cost: bigint;
}

/**
 * Renews a contract with its provider, without storing anything again: the old one settles and the new one is active in
 * the same block. A challenge that is open is waited for, as long as a provider that is well takes to answer.
 * @throws AppError `renew/too-dear`, `renew/challenged`, and what `negotiate` throws where the provider does not go along
 */
export async function renew(
  context: ClientContext,
  contract: string,
  options: RenewOptions,
): Promise<Renewed> {
  const own = await ownContract(context, contract);
  const { ledger, params, crypto, identity, providers, journal } = context;
  const { tip, burnPerGiBEpoch } = await ledger.status();
  const offer = await ledger.offer({ provider: own.view.provider });
  if (offer === null || offer.expiresAt <= tip.height) throw noOffer(own);
  const providerKey = hexToBytes(own.view.providerKey);
  const nonce = new Uint8Array(randomBytes(16));
  const renewed = contractIdOf(crypto, params, { clientKey: identity.wallet.publicKey, providerKey, nonce });
  const baseUrl = await providers.baseUrl(own.view.provider);
  const session = new ProviderSession(context, {
    agent: providers.agent,
    baseUrl,
    providerKey,
    contract: renewed,
    budgetBytes: 0n,
  });
  const burnPrice = BigInt(burnPerGiBEpoch);
  const draft = (terms: CounterTerms): Agreement => {
    const agreement = draftRenewal(context, own, { nonce, terms, burnPrice, ...options });
    const cost = costOf(context, agreement);
    if (options.maxCost !== undefined && cost > options.maxCost) throw tooDear(own, cost, options.maxCost);
    return agreement;
  };
  const { agreement, providerSignature } = await negotiate(
    {
      session,
      quoted: offerToDeal(params, offer, tip.height),
      epochs: options.epochs,
      origin: { kind: 'renewal', contract: own.id },
      fragments: [],
      limits: options.limits ?? {},
      journal,
      draft,
    },
    options.signal,
  );
  const transaction = await register(context, own, { agreement, providerSignature }, options.signal);
  await journal.close(renewed);
  return { contract: own.id, renewed, transaction, cost: costOf(context, agreement) };
}

/** Puts it on chain, after the proof of a challenge that is open: what was agreed on holds for longer than that takes. */
async function register(
  context: ClientContext,
  own: OwnContract,
  agreed: { agreement: Agreement; providerSignature: Uint8Array },
  signal?: AbortSignal,
): Promise<string> {
  for (let attempt = 1; ; attempt++) {
    try {
      const submitted = await context.wallet.submit('renew', { contract: own.id, ...agreed });
      await context.wallet.confirm(submitted, { ...(signal && { signal }) });
      return submitted.id;
    } catch (error) {
      if (attempt === MAX_ATTEMPTS || refusedRule(error) !== 'renew/open-window') throw error;
      await challengeAnswered(context, own, signal);
    }
  }
}

async function challengeAnswered(
  context: ClientContext,
  own: OwnContract,
  signal?: AbortSignal,
): Promise<void> {
  await whileWindowOpen(
    context,
    own.id,
    async (window) => {
      const { tip } = await context.ledger.status();
      if (tip.height > window.opensAt + ANSWER_BLOCKS) throw challenged(own, window);
      return true;
    },
    signal,
  );
}

function draftRenewal(
  { identity, params }: ClientContext,
  { view }: OwnContract,
  choices: RenewOptions & { nonce: Uint8Array; terms: CounterTerms; burnPrice: bigint },
): Agreement {
  const { epochs, terms, nonce, burnPrice } = choices;
  const totalBytes = BigInt(view.totalBytes);
  const { basePerEpoch, pricePerGiBEpoch } = terms;
  const { escrow } = priceContract(params, { basePerEpoch, pricePerGiBEpoch, totalBytes, epochs });
  return {
    clientKey: identity.wallet.publicKey,
    providerKey: hexToBytes(view.providerKey),
    nonce,
    ticketKey: hexToBytes(view.ticketKey),
    payout: terms.payout,
    offerNumber: terms.offerNumber,
    formBy: terms.latestFormBy,
    epochs,
    basePerEpoch,
    pricePerGiBEpoch,
    collateral: collateralFor(escrow, BigInt(terms.collateralBps)),
    pricePerGiBRead: terms.pricePerGiBRead,
    freeReadBytesPerEpoch: terms.freeReadBytesPerEpoch,
    readEscrow: choices.readEscrow ?? BigInt(view.reads),
    repair: repairOf(view),
    reserve: choices.reserve ?? (view.repair === null ? 0n : BigInt(view.reserve)),
    maxBurn: burnBound(burnPrice, totalBytes, epochs),
    root: hexToBytes(view.root),
    leafCount: view.leafCount,
    totalBytes,
    totalChunks: BigInt(view.totalChunks),
  };
}

function repairOf({ repair }: OwnContract['view']): Agreement['repair'] {
  return repair === null
    ? undefined
    : {
        key: hexToBytes(repair.key),
        maxBasePerEpoch: BigInt(repair.maxBasePerEpoch),
        maxPricePerGiBEpoch: BigInt(repair.maxPricePerGiBEpoch),
      };
}

function costOf({ params }: ClientContext, agreement: Agreement): bigint {
  const { reserve, readEscrow, maxBurn } = agreement;
  return priceContract(params, agreement).escrow + maxBurn + reserve + readEscrow;
}

function noOffer({ id, view }: OwnContract): AppError {
  return new AppError({
    code: 'renew/no-offer',
    message: `Provider ${view.providerAddress} of contract ${id} offers nothing at present.`,
    next: 'Store the file again with others before the contract ends.',
    data: { contract: id },
  });
}

function challenged({ id, view }: OwnContract, { epoch, closesAt }: OpenWindow): AppError {
  return new AppError({
    code: 'renew/challenged',
    message: `Provider ${view.providerAddress} has not proven epoch ${epoch} of contract ${id} yet; nothing is renewed before it did.`,
    next: `Try again at block ${closesAt + 1}, when the challenge is over, or store the file again with others.`,
    data: { contract: id, epoch, closesAt },
  });
}

function tooDear({ id }: OwnContract, cost: bigint, maxCost: bigint): AppError {
  return new AppError({
    code: 'renew/too-dear',
    message: `Renewing contract ${id} costs ${cost} base units, and ${maxCost} is the most that was allowed.`,
    next: 'Allow more, renew for fewer epochs, or store the file again with others.',
    data: { contract: id, cost, maxCost },
  });
}
