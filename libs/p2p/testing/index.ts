/**
 * Owns: nodes on loopback for tests, and peers that mean no good.
 * Does not own: what the nodes say (libs/sync).
 * Read next: loopback-nodes.ts, hostile-peers.ts.
 */
export { frameOf, HostilePeer, RawSockets } from './hostile-peers.js';
export {
  addressOf,
  createEchoHandler,
  LoopbackNodes,
  libraryTimersEnded,
  TEST_GENESIS,
} from './loopback-nodes.js';
