import type { ContractId } from '#chain';

/** Room asked for. */
export interface SlotRoom {
  readonly maxBytes: bigint;
  readonly maxFragments: number;
  readonly epochs: number;
}

/** What has to be known of a slot to go on with it in another process. */
export interface SlotRecord extends SlotRoom {
  readonly contract: ContractId;
  readonly nonce: Uint8Array;
  readonly providerKey: Uint8Array;
  /** Seconds since 1970. */
  readonly expiresAt: number;
}
