/**
 * Owns: what every transport of the sync engine must do, as a suite: libp2p and the simulated network run it.
 * Does not own: the transports.
 * Read next: transport-conformance.ts.
 */
export {
  type ConformanceOptions,
  describeSyncTransport,
  type TransportNode,
  type TransportRow,
} from './transport-conformance.js';
