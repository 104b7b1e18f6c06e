/**
 * Owns: checking what a node says without trusting it: headers with their work, the branch with the most of it, proofs
 * of objects against the state root that the chosen branch commits to.
 * Does not own: the rules (chain/), the node's side of proofs (libs/ledger), HTTP (libs/node-api), words for people.
 * Read next: light-client.ts, verified-headers.ts, docs/protocol/state.md.
 */
export { type HeaderCache, openHeaderCache } from './header-cache.js';
export {
  createLightClient,
  type LightClient,
  type LightClientOptions,
  type NodeReport,
  type VerifiedObject,
} from './light-client.js';
export type { LightNode, VerifyRequest } from './light-node.js';
export { VerifiedHeaders } from './verified-headers.js';
