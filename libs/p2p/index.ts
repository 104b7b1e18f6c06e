/**
 * Owns: how nodes of different operators reach each other: libp2p with TCP, Noise and Yamux; requests and gossip within
 *   limits; finding, choosing and remembering peers; scores and bans; the means against NAT. It is the `SyncTransport`
 *   of libs/sync in production.
 * Does not own: what the messages say and which fault weighs how much (libs/sync), the chain (libs/ledger).
 * Read next: p2p-transport.ts, libp2p-node.ts, peers/peer-choice.ts, limits/connection-guard.ts, docs/protocol/network.md.
 */
export type { Ban } from './limits/ban-list.js';
export type { P2pCounts } from './p2p-counters.js';
export { DEFAULT_P2P_LIMITS, type P2pLimits } from './p2p-limits.js';
export type { P2pLogger, P2pOptions } from './p2p-options.js';
export {
  checkMultiaddrs,
  createP2pTransport,
  type P2pPeer,
  type P2pStatus,
  type P2pTransport,
} from './p2p-transport.js';
