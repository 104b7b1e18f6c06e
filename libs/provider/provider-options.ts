import type { NetworkParams } from '#chain';
import type { KeyPair } from '#crypto';
import type { ConfiguredVolume } from '#fragment-store';
import type { LedgerPort } from '#ledger';
import type { Logger } from '#logging';

/** What a provider asks for and promises; published on chain as its offer. Base units, bytes, epochs, blocks. */
export interface ProviderTerms {
  readonly basePerEpoch: bigint;
  readonly pricePerGiBEpoch: bigint;
  /** Base units per GiB read beyond what is free in an epoch of a contract. */
  readonly pricePerGiBRead: bigint;
  readonly freeReadBytesPerEpoch: bigint;
  readonly collateralBps: number;
  readonly minEpochs: number;
  readonly maxEpochs: number;
  /** Of the volume in the data folder; its operator may give it another, and add more. */
  readonly capacityBytes: number;
  /** How long an offer or endpoint record holds; renewed when a quarter is left. */
  readonly ttlBlocks: number;
  /** Declared owner, a part of the failure domain, and region: distinct ones are preferred. */
  readonly owner: string;
  readonly region: string;
}

/** The terms of a provider that was told nothing else. */
export const DEFAULT_TERMS: ProviderTerms = {
  basePerEpoch: 20_000n,
  pricePerGiBEpoch: 1_000_000n,
  pricePerGiBRead: 0n,
  freeReadBytesPerEpoch: 0n,
  collateralBps: 10_000,
  minEpochs: 1,
  maxEpochs: 3_650,
  capacityBytes: 10 * 2 ** 30,
  ttlBlocks: 100_000,
  owner: '',
  region: '',
};

/** Limits that keep one client from taking everything. */
export interface ProviderLimits {
  /** Longest time room is kept for fragments without a contract, in seconds. */
  readonly maxReservationSeconds: number;
  readonly maxReservationsPerClient: number;
  /** Of all clients: keys cost nothing, memory does. */
  readonly maxReservations: number;
  /** Tickets of one contract that are remembered until they expire. */
  readonly maxTicketsPerContract: number;
  /** Bytes of fragments that readers have asked for and not taken yet. */
  readonly maxOutgoingBytes: number;
  /** How far ahead of the tip an agreement's `formBy` may lie, in blocks. */
  readonly maxFormByBlocks: number;
  /** Blocks for which the prices of a counter-offer hold. */
  readonly counterOfferBlocks: number;
  /** How long the end of a negotiation is remembered, in seconds: a step repeated gets the same answer. */
  readonly endedNegotiationSeconds: number;
  /** Blocks after which no reorganisation is expected to undo what happened: at least as many as coins need to mature. */
  readonly reorgDepthBlocks: number;
  /** Of each volume: fragments are read again and hashed at this rate in the background; 0 turns it off. */
  readonly scrubBytesPerSecond: number;
  /** Fragments leave a volume that is emptied at this rate. */
  readonly moveBytesPerSecond: number;
  /** Errors of a disk after which nothing more is written to it. */
  readonly maxDiskErrors: number;
  /** Seconds before fragments that no record names are deleted. */
  readonly orphanGraceSeconds: number;
}

export const DEFAULT_LIMITS: ProviderLimits = {
  maxReservationSeconds: 24 * 3600,
  maxReservationsPerClient: 256,
  maxReservations: 20_000,
  maxTicketsPerContract: 10_000,
  maxOutgoingBytes: 256 * 2 ** 20,
  maxFormByBlocks: 1_440,
  counterOfferBlocks: 60,
  endedNegotiationSeconds: 3600,
  reorgDepthBlocks: 10,
  scrubBytesPerSecond: 8 * 2 ** 20,
  moveBytesPerSecond: 64 * 2 ** 20,
  maxDiskErrors: 3,
  orphanGraceSeconds: 24 * 3600,
};

/**
 * The limits of a provider on a network. What a deeper reorganisation would bring back must still be there: the depth is
 * never less than the one after which the law lets a miner spend its reward.
 */
export function limitsOf(params: NetworkParams, given: Partial<ProviderLimits> = {}): ProviderLimits {
  const reorgDepthBlocks = Math.max(DEFAULT_LIMITS.reorgDepthBlocks, params.reward.maturityBlocks);
  return { ...DEFAULT_LIMITS, reorgDepthBlocks, ...given };
}

export interface ProviderOptions {
  readonly params: NetworkParams;
  /** The provider's own folder, locked by its process. */
  readonly dataDir: string;
  readonly keys: KeyPair;
  readonly ledger: LedgerPort;
  readonly logger: Logger;
  /** Where clients reach this provider; asked for once it listens. */
  readonly publicUrl: () => string;
  readonly terms?: Partial<ProviderTerms>;
  readonly limits?: Partial<ProviderLimits>;
  /** Beside the one in the data folder. */
  readonly volumes?: readonly ConfiguredVolume[];
  /** Milliseconds since 1970. */
  readonly now?: () => number;
}
