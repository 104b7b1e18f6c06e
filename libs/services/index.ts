/**
 * Owns: what one operator's services ask of each other: the ports of market, placement, registry and payouts as tables
 *   of messages, and the two ways to reach them: in this process, or over Nest's Redis transport.
 * Does not own: the services (libs/market-service, libs/placement-service, libs/registry, libs/payouts), public APIs.
 * Read next: service-contract.ts, market-port.ts, service-client.ts, docs/operate/split-form.md.
 */
export * from './market-port.js';
export { createMessageController } from './message-controller.js';
export * from './payouts-port.js';
export * from './placement-port.js';
export * from './registry-port.js';
export { ServiceClient, type ServiceClientOptions } from './service-client.js';
export { createLocalPort, type HandlersOf, type PortOf, type ServiceContract } from './service-contract.js';
export {
  RemoteServicesModule,
  SERVICE_CLIENT,
  SERVICES,
  type ServiceName,
  serviceHealthChecks,
} from './services-module.js';
export { ValuesModule } from './values-module.js';
