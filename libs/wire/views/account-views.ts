import { z } from 'zod';
import { amountText, heightNumber } from '../primitives.js';
import { accountId, publicKey } from './ids.js';

/** An account. */
export const accountView = z
  .object({
    account: accountId,
    address: z.string(),
    /** Spendable now, at the tip. */
    balance: amountText,
    /** Spendable once the pending transactions are in. */
    pendingBalance: amountText,
    /** Locked as a client: for epochs to come, for repair and for paid reads. */
    escrow: amountText,
    reserve: amountText,
    reads: amountText,
    /** Locked as a provider. */
    collateral: amountText,
    vesting: amountText,
    /** Mined but not mature yet. */
    immature: amountText,
  })
  .meta({ id: 'Account' });
export type AccountView = z.infer<typeof accountView>;

/** A provider's current price sheet. */
export const offerView = z
  .object({
    provider: accountId,
    address: z.string(),
    publicKey,
    number: z.string(),
    basePerEpoch: amountText,
    pricePerGiBEpoch: amountText,
    /** Reading beyond what is free in each epoch of a contract. */
    pricePerGiBRead: amountText,
    freeReadBytesPerEpoch: z.string(),
    collateralBps: z.number().int(),
    minEpochs: z.number().int(),
    maxEpochs: z.number().int(),
    capacityBytes: z.string(),
    usedBytes: z.string(),
    payout: z.string().meta({ description: 'address' }),
    publishedAt: heightNumber,
    expiresAt: heightNumber,
  })
  .meta({ id: 'Offer' });
export type OfferView = z.infer<typeof offerView>;

/** What a provider's contracts on the main chain add up to. */
export const providerRecordView = z
  .object({
    provider: accountId,
    address: z.string(),
    active: z.number().int(),
    completed: z.number().int(),
    ended: z.number().int(),
    cancelled: z.number().int(),
    renewed: z.number().int(),
    replaced: z.number().int(),
    failed: z.number().int(),
    /** Contracts that it asked to leave. */
    drained: z.number().int(),
    /** Epochs, over all contracts. */
    proven: z.number().int(),
    missed: z.number().int(),
    /** Of active contracts. */
    storedBytes: z.string(),
  })
  .meta({ id: 'ProviderRecord' });
export type ProviderRecordView = z.infer<typeof providerRecordView>;

/** Where a principal is reached. */
export const endpointView = z
  .object({
    principal: accountId,
    address: z.string(),
    publicKey,
    addresses: z.array(z.string()),
    owner: z.string(),
    region: z.string(),
    registeredAt: heightNumber,
    expiresAt: heightNumber,
  })
  .meta({ id: 'Endpoint' });
export type EndpointView = z.infer<typeof endpointView>;

/** The head of a catalogue, stream or log. */
export const anchorView = z
  .object({
    account: accountId,
    slot: z.enum(['catalogue', 'stream', 'log']),
    sequence: z.string(),
    pointer: z.string().meta({ description: 'hex' }),
    anchoredAt: heightNumber,
  })
  .meta({ id: 'Anchor' });
export type AnchorView = z.infer<typeof anchorView>;

/** What one burn may still mint (docs/protocol/economy.md, section 3); epochs and leaves counted in the contract. */
export const burnLotView = z
  .object({
    burned: amountText,
    minted: amountText,
    inclusion: amountText.meta({ description: 'to the miner, at the first proof' }),
    perEpoch: amountText.meta({ description: 'to the pool, at every later one' }),
    firstEpoch: z.number().int(),
    endEpoch: z.number().int(),
    firstLeaf: z.number().int(),
    leafCount: z.number().int(),
    bytes: z.string(),
    droppedBytes: z.string(),
    proven: z.boolean(),
  })
  .meta({ id: 'BurnLot' });
export type BurnLotView = z.infer<typeof burnLotView>;
