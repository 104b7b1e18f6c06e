/**
 * Owns: the gateway: one operator's client of the storage market as an HTTP service. Files by path (PUT, GET with
 *   ranges, HEAD, DELETE), the list, the price before, the health after; as a Nest module.
 * Does not own: what a client does (libs/client), the phrase's file format (libs/keystore), S3 (an issue of its own).
 * Read next: files-controller.ts, file-vault.ts, spool.ts.
 */
export { FileVault, type FileVaultOptions } from './file-vault.js';
export {
  GATEWAY_OPENAPI,
  GATEWAY_STATUS_TABLE,
  GatewayModule,
  type GatewayModuleOptions,
  isGatewayJson,
} from './gateway-module.js';
export type { GatewayRenewalOptions } from './gateway-renewals.js';
export { openOperatorPhrase, phraseToAddress } from './operator-phrase.js';
