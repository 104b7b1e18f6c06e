import type { ContractId } from '#chain';
import type { FragmentEntry } from '#contracts';
import type { ProposalOrigin } from '#wire';
import type { NegotiationRecord } from './negotiation-records.js';

/**
 * Where a contract stands for its provider:
 *   reserved - room is kept, fragments arrive
 *   agreed   - the provider has signed; the client may put the agreement on chain until `formBy`
 *   formed   - on chain: fragments are kept and proven
 *   settled  - over on chain; fragments go once no reorganisation can bring the contract back
 */
export type ContractState = 'reserved' | 'agreed' | 'formed' | 'settled';

/** A revision the provider signed; it may be published until a higher number is, or the contract is over. */
export interface SignedRevision {
  readonly number: number;
  /** Encoded revision, hex: the same request gets the same answer. */
  readonly bytes: string;
  readonly root: string;
  /** What the provider adds to its collateral. */
  readonly addCollateral: bigint;
  readonly totalBytes: bigint;
  readonly appended: readonly FragmentEntry[];
  /** Of the tree it appends to, hex. */
  readonly frontier: readonly string[];
  readonly clientSignature: string;
  readonly providerSignature: string;
  /** Height of the chain when it was signed. */
  readonly signedAt: number;
  /** Height at which it was first seen on chain. */
  readonly publishedAt?: number;
}

/** Room for fragments to append. Bytes; seconds since 1970. */
export interface AppendRoom {
  readonly maxBytes: bigint;
  readonly maxFragments: number;
  readonly expiresAt: number;
}

/** What reading a contract costs. Base units, bytes. */
export interface ReadTerms {
  readonly pricePerGiBRead: bigint;
  readonly freeReadBytesPerEpoch: bigint;
  /** First block of the first epoch. */
  readonly startHeight: number;
  /** The highest total of a voucher that the ledger would pay: what was paid, and what is locked for it. */
  readonly coveredTotal: bigint;
}

/** What a provider remembers of a contract. Bytes and epochs; times in seconds since 1970. */
export interface ContractRecord {
  readonly id: ContractId;
  readonly state: ContractState;
  readonly clientKey: string;
  readonly ticketKey: string;
  /** Whose tickets are honoured beside those of the ticket key. */
  readonly repairKey?: string;
  /** What the contract goes on with; absent: it is a contract of its own. */
  readonly origin?: ProposalOrigin;
  readonly maxBytes: bigint;
  readonly maxFragments: number;
  readonly epochs: number;
  /** When an unused reservation lapses. */
  readonly expiresAt: number;
  /** Of the agreement the provider signed. */
  readonly agreement?: {
    readonly root: string;
    readonly formBy: number;
    readonly collateral: bigint;
    readonly totalBytes: bigint;
  };
  /** About the agreement; absent until there was a proposal. */
  readonly negotiation?: NegotiationRecord;
  /** Commits to the list of fragments as it is. */
  readonly root?: string;
  /** Bytes of that list, tombstones not counted; what was agreed on until the chain says otherwise. */
  readonly totalBytes?: bigint;
  /** Signed, and not on chain for long; ascending numbers. */
  readonly revisions?: readonly SignedRevision[];
  readonly room?: AppendRoom;
  /** As the chain shows it; absent where reading costs nothing. */
  readonly reading?: ReadTerms;
  /** Height at which the contract settled. */
  readonly settledAt?: number;
}

/** Hex of the key that negotiates about a contract: its client's, or the repairer's that replaces another's. */
export function partnerOf({ clientKey, repairKey, origin }: ContractRecord): string {
  return origin?.kind === 'replacement' && repairKey !== undefined ? repairKey : clientKey;
}

/** Whether it is a renewal not on chain: what it lists belongs to the contract it renews until then. */
export function isUnformedRenewal({ origin, state }: ContractRecord): boolean {
  return origin?.kind === 'renewal' && (state === 'reserved' || state === 'agreed');
}

/** Bytes a contract binds of what the provider offers. */
export function boundBytes(record: ContractRecord): bigint {
  // A renewal has the fragments of the contract it renews, until that is over.
  if (record.origin?.kind === 'renewal' && record.state !== 'formed') return 0n;
  const held = record.totalBytes ?? record.agreement?.totalBytes ?? record.maxBytes;
  const signed = (record.revisions ?? []).reduce(
    (most, { totalBytes }) => (totalBytes > most ? totalBytes : most),
    held,
  );
  const coming = held + (record.room?.maxBytes ?? 0n);
  return coming > signed ? coming : signed;
}
