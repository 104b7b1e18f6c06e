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
import { lotSchema } from '../money/lot.js';

/**
 * `active` until settled; `completed` ran its term, `ended` was ended early by its client, `failed` missed too often.
 * The last three are final.
 */
export const CONTRACT_STATUSES = ['active', 'completed', 'ended', 'failed'] as const;
export type ContractStatus = (typeof CONTRACT_STATUSES)[number];

/** An open challenge: the snapshot of what must be proven, so that no later change can move it. */
export const windowSchema = struct({
  epoch: u32,
  /** Height of the challenge block, whose id seeds the draw. */
  challengeHeight: height,
  root: bytes(32),
  leafCount: u32,
  totalChunks: u63,
  proven: bool,
});
export type ChallengeWindow = TypeOf<typeof windowSchema>;

/** A storage contract on the ledger. Its coins are in its pots (escrow, vesting, collateral), not here. */
export const contractSchema = struct({
  client: hexId<AccountId>(20),
  provider: hexId<AccountId>(20),
  clientKey: bytes(32),
  providerKey: bytes(32),
  ticketKey: bytes(32),
  payout: hexId<AccountId>(20),
  registeredAt: height,
  epochs: u32,
  /** Price of one epoch in base units. */
  tranche: u63,
  collateral: u63,
  root: bytes(32),
  leafCount: u32,
  totalBytes: u63,
  totalChunks: u63,
  status: oneOf(CONTRACT_STATUSES),
  /** Epochs challenged so far. */
  nextEpoch: u32,
  /** No challenge from this epoch on; lower than `epochs` once the client has ended the contract. */
  endEpoch: u32,
  proven: u32,
  missed: u32,
  lot: lotSchema,
  window: optional(windowSchema),
  /** Height of the next automatic transition. */
  dueAt: height,
  settledAt: optional(height),
});
export type StorageContract = TypeOf<typeof contractSchema>;

/** Contracts by id. */
export const contractSpace = namespace('contract', 10, contractSchema);

/** Contracts whose next automatic transition falls on a height (key: the height), in ascending id order. */
export const dueSpace = namespace('due', 11, list(hexId<ContractId>(32), 1_000_000));
