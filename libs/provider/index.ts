/**
 * Owns: a storage provider: room kept, fragments taken in and given out against tickets, agreements signed, every
 *   epoch proven, its offer and endpoint on chain, its HTTP API and its status.
 * Does not own: fragments on disk (libs/fragment-store), the shapes on the wire (libs/wire), the rules of contracts
 *   (contracts/), the node it asks (libs/node-api), its process (apps/provider).
 * Read next: provider.ts, docs/protocol/provider-api.md, docs/operate/provider.md.
 */
export { PROVIDER_LANE } from './chain/submit.js';
export { createFragmentRoute } from './http/fragment-route.js';
export { ProviderMetricsModule, providerHealthCheck } from './http/provider-metrics.js';
export { ProviderModule } from './http/provider-module.js';
export { PROVIDER } from './http/tokens.js';
export { PROVIDER_STATUS_TABLE } from './http/violation-status.js';
export {
  createProviderIdentity,
  openProviderIdentity,
  type ProviderIdentity,
  type ProviderIdentityOptions,
} from './identity.js';
export { createProvider, type Provider } from './provider.js';
export {
  DEFAULT_LIMITS,
  DEFAULT_TERMS,
  type ProviderLimits,
  type ProviderOptions,
  type ProviderTerms,
} from './provider-options.js';
export { type OperatorAnswer, tellProvider } from './status/operator-client.js';
export {
  fetchProviderStatus,
  type ProviderAlert,
  type ProviderStatus,
  providerStatusSchema,
} from './status/provider-status.js';
export { addVolume, changeVolume, fetchVolumes, type VolumeAction } from './status/volume-client.js';
