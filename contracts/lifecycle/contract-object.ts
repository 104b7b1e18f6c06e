import {
  type AccountId,
  bool,
  bytes,
  type ContractId,
  height,
  hexId,
  list,
  namespace,
  oneOf,
  optional,
  struct,
  type TypeOf,
  u32,
  u63,
} from '#chain';
import { lotSchema, MAX_LOTS } from '../money/lot.js';
import { repairTermsSchema } from '../terms/agreement.js';

/**
 * `active` until it is over, then one of the others for good: `completed` ran its term, `ended` was ended early by its
 * client, `cancelled` was ended before its first challenge, `failed` missed too often, `renewed` went on as another
 * contract of the same parties, `replaced` went on with another provider.
 */
export const CONTRACT_STATUSES = [
  'active',
  'completed',
  'ended',
  'cancelled',
  'failed',
  'renewed',
  'replaced',
] as const;
export type ContractStatus = (typeof CONTRACT_STATUSES)[number];

/** An open challenge: the snapshot of what must be proven, so that no later change can move it. */
export const windowSchema = struct({
  epoch: u32,
  /** Height of the challenge block, whose id seeds the draw. */
  challengeHeight: height,
  root: bytes(32),
  leafCount: u32,
  totalChunks: u63,
  /** What a proof of this epoch earns. */
  tranche: u63,
  proven: bool,
});
export type ChallengeWindow = TypeOf<typeof windowSchema>;

/** Where a contract comes from, if not from a `form`. */
const originSchema = struct({
  kind: oneOf(['renewal', 'replacement'] as const),
  contract: hexId<ContractId>(32),
});

/** A storage contract on the ledger. Its coins are in its pots (escrow, vesting, collateral, …), not here. */
export const contractSchema = struct({
  client: hexId<AccountId>(20),
  provider: hexId<AccountId>(20),
  clientKey: bytes(32),
  providerKey: bytes(32),
  ticketKey: bytes(32),
  payout: hexId<AccountId>(20),
  registeredAt: height,
  /** Term in epochs, extensions included. */
  epochs: u32,
  basePerEpoch: u63,
  pricePerGiBEpoch: u63,
  /** Price of each epoch not yet challenged, base units. */
  tranche: u63,
  /** An epoch that had begun when its price fell: it is still paid at the price it began with. */
  begun: optional(struct({ epoch: u32, tranche: u63 })),
  /** Locked by the provider in all. */
  collateral: u63,
  root: bytes(32),
  leafCount: u32,
  /** Bytes paid for: those of the leaves that are not tombstones. */
  totalBytes: u63,
  /** Chunks drawn from, tombstones included. */
  totalChunks: u63,
  /** Of them under tombstones. */
  droppedChunks: u63,
  status: oneOf(CONTRACT_STATUSES),
  /** Epochs challenged (or skipped) so far. */
  nextEpoch: u32,
  /** No challenge from this epoch on; lower than `epochs` once the client has ended the contract. */
  endEpoch: u32,
  proven: u32,
  missed: u32,
  /** The epoch missed last, until the next accepted proof. */
  lastMissed: optional(u32),
  /** Burned for it in all, and minted again for its proofs. */
  burned: u63,
  minted: u63,
  /** Burns that still mint. */
  lots: list(lotSchema, MAX_LOTS),
  window: optional(windowSchema),
  /** Number of the last revision. */
  revision: u32,
  /** Epochs begun when it was published, and how many were published since then. */
  revised: optional(struct({ epoch: u32, count: u32 })),
  /** The epoch the provider's one maintenance skip was declared for. */
  skip: optional(u32),
  /** Height at which the provider said that it wants to leave. */
  drainedAt: optional(height),
  pricePerGiBRead: u63,
  freeReadBytesPerEpoch: u63,
  /** Total of the read vouchers redeemed so far. */
  readsPaid: u63,
  repair: optional(repairTermsSchema),
  origin: optional(originSchema),
  /** The contract this one went on as. */
  successor: optional(hexId<ContractId>(32)),
  /** Height of the next automatic transition. */
  dueAt: height,
  /** Height at which its last coin left. */
  settledAt: optional(height),
});
export type StorageContract = TypeOf<typeof contractSchema>;

/** Contracts by id. */
export const contractSpace = namespace('contract', 10, contractSchema);
