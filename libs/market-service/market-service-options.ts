import type { NetworkParams } from '#chain';
import type { LedgerPort } from '#ledger';
import type { PlacementPort } from '#services';

/** What the market service works with. */
export interface MarketServiceOptions {
  readonly ledger: LedgerPort;
  readonly placement: PlacementPort;
  readonly params: NetworkParams;
}
