/**
 * Owns: what tests of the operator's services share: a ledger with a market on it, the conformance suite of each port,
 *   and the two ways to connect one: in this process, and over a real Redis.
 * Does not own: the services. Only tests import this.
 * Read next: service-scene.ts, market-conformance.ts.
 */
export { connectLocally, connectOverRedis } from './connect.js';
export { describeMarketPort } from './market-conformance.js';
export { describePayoutsPort } from './payouts-conformance.js';
export { describePlacementPort } from './placement-conformance.js';
export { describeRegistryPort } from './registry-conformance.js';
export { type ConnectedPort, type ConnectPort, type LocalPorts, ServiceScene } from './service-scene.js';
