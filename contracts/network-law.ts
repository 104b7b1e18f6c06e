import { createLaw, type Law, type NetworkParams } from '#chain';
import type { CryptoPort } from '#crypto';
import { contractsModule } from './module.js';

/** The whole law of a network: the chain's own kinds and the storage contracts. Every process builds it here. */
export function createNetworkLaw(params: NetworkParams, crypto: CryptoPort): Law {
  return createLaw(params, crypto, [contractsModule]);
}
