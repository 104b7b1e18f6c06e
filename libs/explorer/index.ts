/**
 * Owns: the admin API (`/api/v1`) and the explorer's web page: everything on the ledger and in the market, for people
 *   and programs, read only; as a Nest module.
 * Does not own: the numbers (libs/ledger, libs/market-service, libs/registry, libs/payouts), the process (apps/admin-api).
 * Read next: chain-controller.ts, market-controller.ts, web/index.html.
 */
export {
  ADMIN_API_OPENAPI,
  ADMIN_STATUS_TABLE,
  ExplorerModule,
  TIP_HEIGHT_HEADER,
  TIP_ID_HEADER,
} from './explorer-module.js';
