import type { NetworkParams } from '#chain';
import type { LedgerPort } from '#ledger';
import type { PlacementPort, RegistryPort } from '#services';

/** What the market service works with. */
export interface MarketServiceOptions {
  readonly ledger: LedgerPort;
  readonly placement: PlacementPort;
  readonly registry: RegistryPort;
  readonly params: NetworkParams;
}
