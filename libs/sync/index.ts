/**
 * Owns: how nodes that distrust each other end on one chain: handshake, headers first, bodies in parallel, announcements
 * by id, offences. Does not own: the chain (`ChainAccess` of libs/ledger), sockets, addresses and bans (libs/p2p).
 * Read next: ports.ts, docs/protocol/network.md.
 */
export type * from './ports.js';
