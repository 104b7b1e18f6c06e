import { createLaw, type Law, type NetworkParams } from '#chain';
import { contractsModule } from '#contracts';
import type { CryptoPort } from '#crypto';

/** The whole law of a network: the chain's own kinds and the storage contracts. */
export function createNetworkLaw(params: NetworkParams, crypto: CryptoPort): Law {
  return createLaw(params, crypto, [contractsModule]);
}
