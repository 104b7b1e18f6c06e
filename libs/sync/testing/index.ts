/**
 * Owns: what tests of the engine need: time that only moves when told, wires between nodes in this process, a peer that
 * says what a test wants. Does not own: whole simulations (test/sim). Only tests import this.
 * Read next: virtual-clock.ts, sim-network.ts, scripted-peer.ts.
 */
export { EventLog } from './event-log.js';
export { answersOf, blocksOf, headersOf, helloOf, NOBODYS_BLOCK, newTestChain, Scene } from './scene.js';
export { type Answers, ScriptedPeer } from './scripted-peer.js';
export { type NetworkConditions, SimNetwork, type SimTransport } from './sim-network.js';
export {
  type ConformanceOptions,
  describeSyncTransport,
  type TransportNode,
  type TransportRow,
} from './transport-conformance.js';
export { VirtualClock } from './virtual-clock.js';
