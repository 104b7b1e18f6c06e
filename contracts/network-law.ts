import { createLaw, type Law, type NetworkParams } from '#chain';
import type { CryptoPort } from '#crypto';
import { withInvariants } from './invariants/with-invariants.js';
import { contractsModule } from './module.js';

/** How a law is run, which is nobody else's business: any two agree on every block. */
export interface NetworkLawOptions {
  /** Holds every block against what must hold of any block; a broken invariant ends the process. */
  readonly checkInvariants?: boolean;
}

/** The whole law of a network: the chain's own kinds and the storage contracts. Every process builds it here. */
export function createNetworkLaw(
  params: NetworkParams,
  crypto: CryptoPort,
  { checkInvariants = false }: NetworkLawOptions = {},
): Law {
  return createLaw(params, crypto, checkInvariants ? withInvariants([contractsModule]) : [contractsModule]);
}
