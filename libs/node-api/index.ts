/**
 * Owns: the node's HTTP API, version 1, as one table of routes, and the client made of it: the ledger port over HTTP.
 * Does not own: the server made of the same table (libs/node-server), the ledger port (libs/ledger), the views (libs/wire).
 * Read next: routes.ts (the table), node-client.ts, docs/protocol/node-api.md.
 */
export { nodeApiToMarkdown } from './api-markdown.js';
export { type BackOff, createBackOff } from './back-off.js';
export { HEARTBEAT_MS, START_EVENT } from './event-stream.js';
export { createNodeClient, type NodeClient, type NodeClientOptions } from './node-client.js';
export {
  type LedgerAnswer,
  type LedgerMethod,
  type LedgerRequest,
  NODE_API_PATH,
  NODE_EVENTS_PATH,
  NODE_PEERS_PATH,
  NOT_FOUND_CODE,
  type NodeRoute,
  pathFields,
} from './route.js';
export { MAX_BLOCK_BYTES, NODE_ROUTES } from './routes.js';
