import { z } from 'zod';
import { CONTRACT_STATUSES } from '#contracts';
import { amountText, heightNumber, hexOf } from '../primitives.js';
import { burnLotView } from './account-views.js';
import { transactionView } from './chain-views.js';
import { accountId, blockId, contractId, fragmentId, publicKey } from './ids.js';

/** A storage contract. */
export const contractView = z
  .object({
    id: contractId,
    status: z.enum(CONTRACT_STATUSES),
    client: accountId,
    clientAddress: z.string(),
    provider: accountId,
    providerAddress: z.string(),
    clientKey: publicKey,
    providerKey: publicKey,
    ticketKey: publicKey,
    payoutAddress: z.string(),
    registeredAt: heightNumber,
    /** First block of the first epoch and first block after the last. */
    startHeight: heightNumber,
    endHeight: heightNumber,
    settleHeight: heightNumber,
    settledAt: heightNumber.nullable(),
    /** Height at which the last coin has left at the latest, whoever is gone: of a failed one that waits for repair, too. */
    refundHeight: heightNumber,
    /** Height of the next thing that happens by itself; null once it is over. */
    dueAt: heightNumber.nullable(),
    epochs: z.number().int(),
    endEpoch: z.number().int(),
    nextEpoch: z.number().int(),
    proven: z.number().int(),
    missed: z.number().int(),
    /** Misses until it fails. */
    strikesLeft: z.number().int(),
    /** The epoch missed last, until the next accepted proof. */
    lastMissed: z.number().int().nullable(),
    basePerEpoch: amountText,
    pricePerGiBEpoch: amountText,
    /** Price of an epoch not yet begun, and of the next one to be challenged. */
    tranche: amountText,
    nextTranche: amountText,
    /** An epoch that had begun when its price fell: still paid at the price it began with. */
    begun: z.object({ epoch: z.number().int(), tranche: amountText }).nullable(),
    root: hexOf(32, 'root'),
    leafCount: z.number().int(),
    totalBytes: z.string(),
    totalChunks: z.string(),
    /** Of them under fragments that the client dropped. */
    droppedChunks: z.string(),
    /** In the contract's pots now. */
    escrow: amountText,
    vesting: amountText,
    collateral: amountText,
    reserve: amountText,
    bounty: amountText,
    reads: amountText,
    /** Locked by the provider in all; the pot holds what was not slashed. */
    collateralLocked: amountText,
    burned: amountText,
    minted: amountText,
    /** Burns that still mint. */
    lots: z.array(burnLotView),
    pricePerGiBRead: amountText,
    freeReadBytesPerEpoch: z.string(),
    /** Paid for reads so far. */
    readsPaid: amountText,
    /** Number of the last revision. */
    revision: z.number().int(),
    /** When that was, in epochs begun, and how many were published since then. */
    revised: z.object({ epoch: z.number().int(), count: z.number().int() }).nullable(),
    /** The epoch of the provider's declared maintenance. */
    skip: z.number().int().nullable(),
    /** Height at which the provider said that it wants to leave. */
    drainedAt: heightNumber.nullable(),
    /** Why the repairer may give it to another provider now; null: it may not. */
    replaceable: z.enum(['failed', 'missed', 'drained']).nullable(),
    /** Who may store it again elsewhere, and at which price at most. */
    repair: z
      .object({ key: publicKey, maxBasePerEpoch: amountText, maxPricePerGiBEpoch: amountText })
      .nullable(),
    /** The contract this one continues, and the one that continues it. */
    origin: z.object({ kind: z.enum(['renewal', 'replacement']), contract: contractId }).nullable(),
    successor: contractId.nullable(),
    /** Height of the next challenge, or null when there is none to come. */
    nextChallengeHeight: heightNumber.nullable(),
    window: z
      .object({
        epoch: z.number().int(),
        challengeHeight: heightNumber,
        opensAt: heightNumber,
        closesAt: heightNumber,
        /** The snapshot that is proven, and what its proof earns. */
        root: hexOf(32, 'root'),
        leafCount: z.number().int(),
        totalChunks: z.string(),
        tranche: amountText,
        proven: z.boolean(),
      })
      .nullable(),
  })
  .meta({ id: 'Contract' });
export type ContractView = z.infer<typeof contractView>;

/** An open challenge a provider must answer. */
export const challengeView = z
  .object({
    contract: contractId,
    epoch: z.number().int(),
    challengeHeight: heightNumber,
    /** Id of the challenge block: seeds the draw. */
    blockId,
    opensAt: heightNumber,
    closesAt: heightNumber,
    leafCount: z.number().int(),
    totalChunks: z.string(),
    root: hexOf(32, 'root'),
    proven: z.boolean(),
  })
  .meta({ id: 'Challenge' });
export type ChallengeView = z.infer<typeof challengeView>;

/** A storage proof draw by draw (docs/protocol/contracts.md, sections 7 and 8). */
export const proofExplanationView = z
  .object({
    draws: z.array(
      z.object({
        draw: z.number().int(),
        /** Counted over the contract. */
        chunk: z.string(),
        leafIndex: z.number().int().nullable(),
        fragment: z.string().nullable(),
        chunkInFragment: z.number().int().nullable(),
        verdict: z.enum(['proven', 'tombstone', 'missing-leaf', 'bad-leaf', 'bad-slice']),
      }),
    ),
    leaves: z.array(
      z.object({
        leafIndex: z.number().int(),
        fragment: z.string(),
        lengthBytes: z.number().int(),
        tombstone: z.boolean(),
        chunks: z.array(z.number().int()),
        sliceBytes: z.number().int(),
      }),
    ),
    sizes: z.object({
      leavesBytes: z.number().int(),
      siblingsBytes: z.number().int(),
      slicesBytes: z.number().int(),
      proofBytes: z.number().int(),
      unsharedBytes: z.number().int(),
    }),
    /** Rule that the proof breaks; null: it is right. */
    violation: z.string().nullable(),
  })
  .meta({ id: 'ProofExplanation' });
export type ProofExplanationView = z.infer<typeof proofExplanationView>;

/**
 * How an epoch went: `open` waits for its proof, `void` was over before it was decided (replaced or renewed meanwhile), and a
 * `skipped` one was never challenged.
 */
export const EPOCH_OUTCOMES = ['open', 'proven', 'missed', 'skipped', 'void'] as const;

/** An epoch's challenge and its proof, with all that checking it again needs. */
export const epochProofView = z
  .object({
    contract: contractId,
    epoch: z.number().int(),
    outcome: z.enum(EPOCH_OUTCOMES),
    /** The snapshot taken at the challenge block, whose id seeds the draws. */
    challenge: z
      .object({
        height: heightNumber,
        blockId,
        opensAt: heightNumber,
        closesAt: heightNumber,
        root: hexOf(32, 'root'),
        leafCount: z.number().int(),
        totalChunks: z.string(),
        tranche: amountText,
      })
      .nullable(),
    /** The `prove` transaction; the proof is in its body and its bytes. */
    transaction: transactionView.nullable(),
    /** What the proof shows, checked again by this node. */
    explanation: proofExplanationView.nullable(),
  })
  .meta({ id: 'EpochProof' });
export type EpochProofView = z.infer<typeof epochProofView>;

/** One entry of a contract's list of fragments. */
export const fragmentEntryView = z
  .object({
    id: fragmentId,
    lengthBytes: z.number().int(),
    /** Height at which it came into the list. */
    addedAt: heightNumber,
    /** Height at which the client gave it up; its place in the list stays. */
    droppedAt: heightNumber.nullable(),
  })
  .meta({ id: 'FragmentEntry' });
export type FragmentEntryView = z.infer<typeof fragmentEntryView>;

/** Who holds a fragment, by contract. */
export const holderView = z
  .object({
    fragment: fragmentId,
    contract: contractId,
    provider: accountId,
    providerAddress: z.string(),
    lengthBytes: z.number().int(),
    contractStatus: z.string(),
    addresses: z.array(z.string()),
  })
  .meta({ id: 'Holder' });
export type HolderView = z.infer<typeof holderView>;
