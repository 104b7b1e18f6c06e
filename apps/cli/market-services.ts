import type { NetworkParams } from '#chain';
import { createMarketService } from '#market-service';
import type { NodeClient } from '#node-api';
import { createPayoutsService, SummaryBook } from '#payouts';
import { createPlacementService } from '#placement-service';
import { createRegistryService } from '#registry';
import type { MarketPort, PayoutsPort } from '#services';

/** Nobody was probed by this process. */
const NO_PROBES = { get: () => undefined, all: () => [] };

/** The market as this node's ledger shows it, worked out here: nobody else has to be believed or to be there. */
export function marketOf(node: NodeClient, params: NetworkParams): MarketPort {
  const placement = createPlacementService({ ledger: node, params, record: NO_PROBES });
  const registry = createRegistryService({ ledger: node, placement });
  return createMarketService({ ledger: node, placement, registry, params });
}

/** Statements out of this node's postings, worked out here. */
export function payoutsOf(node: NodeClient, params: NetworkParams): PayoutsPort {
  return createPayoutsService({ ledger: node, params, book: new SummaryBook(node) });
}
