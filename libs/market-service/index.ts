/**
 * Owns: the market service: order book, itemised quotes, contracts with their history; as a Nest module.
 * Does not own: prices (libs/market, contracts/money), the choice of providers (libs/placement-service), its port and
 *   transport (libs/services).
 * Read next: market-service.ts, libs/services/market-port.ts.
 */
export { MarketModule } from './market-module.js';
export { createMarketService } from './market-service.js';
export type { MarketServiceOptions } from './market-service-options.js';
