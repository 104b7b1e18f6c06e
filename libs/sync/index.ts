/**
 * Owns: how nodes that distrust each other end on one chain: handshake, headers first, bodies in parallel, announcements
 * by id, offences. Does not own: the chain (`ChainAccess` of libs/ledger), sockets, addresses and bans (libs/p2p).
 * Read next: ports.ts, sync-engine.ts, docs/protocol/network.md, docs/adr/0013-network.md.
 */

export { createSyncEngine } from './engine.js';
export * from './messages/limits.js';
export {
  type BlockAnnouncement,
  decodeMessage,
  encodeMessage,
  type Hello,
  MESSAGES,
  type Message,
  type MessageBody,
  type MessageName,
  SHORT_ID_BYTES,
} from './messages/messages.js';
export { OFFENCES, type OffenceContext, offenceOf } from './offences.js';
export type * from './ports.js';
export * from './sync-engine.js';
