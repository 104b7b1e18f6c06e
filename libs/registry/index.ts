/**
 * Owns: the registry service: where principals are reached, who holds which fragment, the directory of providers with
 *   their record; as a Nest module. Read views of the ledger.
 * Does not own: whether a provider answers (libs/placement-service measures it), its port (libs/services).
 * Read next: registry-service.ts, libs/services/registry-port.ts.
 */
export { RegistryModule } from './registry-module.js';
export { createRegistryService, type RegistryServiceOptions } from './registry-service.js';
