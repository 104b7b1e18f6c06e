import type { NetworkParams } from '#chain';
import type { StorageContract } from '../lifecycle/contract-object.js';
import { endHeightExclusive, startHeight } from '../lifecycle/schedule.js';
import { collateralFor, priceContract, shareOf } from '../money/price.js';
import type { Offer } from '../offer/offer.js';
import type { Agreement } from '../terms/agreement.js';

/** Why a repairer may give a contract's fragments to another provider. */
export type ReplacementCause = 'failed' | 'missed' | 'drained';

/**
 * Why a contract may be replaced now, or nothing where it may not. Who took a contract over and wants to leave at once is
 * asked at least once before: a repairer and two providers who pass it on among themselves, a fee of the reserve each
 * time, would otherwise need one block for each.
 */
export function replacementCause(
  contract: Pick<
    StorageContract,
    'status' | 'settledAt' | 'lastMissed' | 'drainedAt' | 'origin' | 'nextEpoch'
  >,
): ReplacementCause | undefined {
  if (contract.settledAt !== undefined) return undefined;
  if (contract.status === 'failed') return 'failed';
  if (contract.lastMissed !== undefined) return 'missed';
  if (contract.drainedAt === undefined) return undefined;
  return contract.origin?.kind === 'replacement' && contract.nextEpoch === 0 ? undefined : 'drained';
}

/** What a replacement goes on with: the old contract's epoch that becomes its epoch 0, and how many there are. */
export interface RestOfTerm {
  readonly fromEpoch: number;
  readonly epochs: number;
}

/**
 * What is left of a contract's term for a replacement registered at a height: the epochs not challenged yet, as many as
 * end no later than the contract would have. However often it is replaced, both sides have their coins at the height
 * they agreed on.
 */
export function restOfTerm(
  params: NetworkParams,
  contract: Pick<StorageContract, 'registeredAt' | 'endEpoch' | 'nextEpoch'>,
  height: number,
): RestOfTerm {
  const blocks = endHeightExclusive(params, contract) - startHeight(params, height);
  const whole = Math.max(0, Math.floor(blocks / params.contract.epochBlocks));
  const epochs = Math.max(0, Math.min(contract.endEpoch - contract.nextEpoch, whole));
  return { fromEpoch: contract.endEpoch - epochs, epochs };
}

/** The coins a replacement is paid from. Base units. */
export interface ReplacementPots {
  readonly escrow: bigint;
  readonly reserve: bigint;
}

/** Where they go. Base units. */
export interface ReplacementPrice {
  /** What the new contract costs. */
  readonly escrow: bigint;
  /** Promised to the new holder at its first proof; also the most the transaction's fee takes out of the reserve. */
  readonly bounty: bigint;
  /** What the new contract's reserve begins with; the fee comes out of it. */
  readonly reserve: bigint;
  /** What is missing; 0 where the coins suffice. */
  readonly missing: bigint;
}

/** What a replacement costs, and how the old contract's escrow and reserve are divided. */
export function priceReplacement(
  params: NetworkParams,
  pots: ReplacementPots,
  agreement: Pick<Agreement, 'basePerEpoch' | 'pricePerGiBEpoch' | 'totalBytes' | 'epochs'>,
): ReplacementPrice {
  const { escrow } = priceContract(params, agreement);
  const held = pots.escrow + pots.reserve;
  if (held < escrow) return { escrow, bounty: 0n, reserve: 0n, missing: escrow - held };
  const left = held - escrow;
  const promised = shareOf(escrow, params.contract.bountyBps);
  const bounty = promised < left ? promised : left;
  return { escrow, bounty, reserve: left - bounty, missing: 0n };
}

/** What a repairer chooses about a replacement. */
export interface ReplacementChoices {
  readonly offer: Offer;
  readonly nonce: Uint8Array;
  /** Last height at which the replacement may be registered. */
  readonly formBy: number;
  /** Height its rest is counted at: the next block's. */
  readonly height: number;
}

/**
 * The agreement that gives a contract's fragments to the provider of an offer, at the offer's price, for all that is
 * left of the term. What the client agreed to besides stays: reading, tickets, repair. The provider signs it as any
 * agreement; `replace/...` says whether the ledger takes it.
 */
export function replacementTerms(
  params: NetworkParams,
  contract: StorageContract,
  { offer, nonce, formBy, height }: ReplacementChoices,
): Agreement {
  const terms = {
    clientKey: contract.clientKey,
    providerKey: offer.publicKey,
    nonce,
    ticketKey: contract.ticketKey,
    payout: offer.payout,
    offerNumber: offer.number,
    formBy,
    epochs: restOfTerm(params, contract, height).epochs,
    basePerEpoch: offer.basePerEpoch,
    pricePerGiBEpoch: offer.pricePerGiBEpoch,
    pricePerGiBRead: contract.pricePerGiBRead,
    freeReadBytesPerEpoch: contract.freeReadBytesPerEpoch,
    readEscrow: 0n,
    repair: contract.repair,
    reserve: 0n,
    maxBurn: 0n,
    root: contract.root,
    leafCount: contract.leafCount,
    totalBytes: contract.totalBytes,
    totalChunks: contract.totalChunks,
  };
  const { escrow } = priceContract(params, terms);
  return { ...terms, collateral: collateralFor(escrow, BigInt(offer.collateralBps)) };
}
