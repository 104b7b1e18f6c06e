import type { ContractId } from '#chain';
import type { NegotiationRecord } from './negotiation-records.js';

/**
 * Where a contract stands for its provider:
 *   reserved - room is kept, fragments arrive
 *   agreed   - the provider has signed; the client may put the agreement on chain until `formBy`
 *   formed   - on chain: fragments are kept and proven
 *   settled  - over on chain; fragments go once no reorganisation can bring the contract back
 */
export type ContractState = 'reserved' | 'agreed' | 'formed' | 'settled';

/** What a provider remembers of a contract. Bytes and epochs; times in seconds since 1970. */
export interface ContractRecord {
  readonly id: ContractId;
  readonly state: ContractState;
  readonly clientKey: string;
  readonly ticketKey: string;
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
  /** Height at which the contract settled. */
  readonly settledAt?: number;
}

/** Bytes a contract binds of what the provider offers. */
export function boundBytes(record: ContractRecord): bigint {
  return record.agreement?.totalBytes ?? record.maxBytes;
}
