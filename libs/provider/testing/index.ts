/**
 * Owns: a provider over real HTTP on a test ledger, and a client that speaks its API by hand: for tests of providers
 *   and of anything that talks to them.
 * Does not own: the ledger (libs/ledger/testing), the real client (libs/client). Only tests import this.
 * Read next: test-provider.ts, provider-client.ts.
 */

export { MarketStage } from './market-stage.js';
export { type Answer, ProviderClient, sampleFragments } from './provider-client.js';
export { TestProvider } from './test-provider.js';
export { until } from './until.js';
