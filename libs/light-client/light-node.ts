import type { StateObjectRef } from '#contracts';
import type { LedgerPort } from '#ledger';

/** A node as the light client knows it: where it is, and the two questions it is asked. */
export interface LightNode {
  readonly url: string;
  readonly ledger: Pick<LedgerPort, 'headers' | 'stateProof'>;
}

/** What to have proven. */
export interface VerifyRequest extends StateObjectRef {
  /** How many blocks must stand on the proven state, the one that commits to it among them. */
  readonly confirmations: number;
}
