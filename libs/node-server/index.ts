/**
 * Owns: the Nest side of a node: its HTTP API made of the route table of libs/node-api, its metrics, and the whole node
 *   as one module (`ChainNodeModule`) that both apps/chain-node and apps/site import.
 * Does not own: the table and the client (libs/node-api), the ledger (libs/ledger), Redis (libs/ledger-transport).
 * Read next: chain-node-module.ts, node-api-controller.ts, serve-events.ts, docs/protocol/node-api.md.
 */

export { ChainNodeModule, type ChainNodeOptions } from './chain-node-module.js';
export { LedgerMetricsModule, ledgerHealthCheck } from './ledger-metrics.js';
export { NETWORK, type NetworkOptions, type NodeNetwork } from './network.js';
export { NetworkMetricsModule } from './network-module.js';
export { networkOptionsOf } from './network-settings.js';
export { NODE_BODY_LIMIT_BYTES, NODE_OPENAPI, NODE_STATUS_TABLE, NodeApiModule } from './node-api-module.js';
export { createReaderLimit, type ReaderLimit } from './reader-limit.js';
export { type ServeEventsOptions, serveEvents } from './serve-events.js';
