/**
 * Owns: the payouts service: statements by provider, contract and epoch, made of postings with their reasons; sums of
 *   every provider, kept fresh by a job; as a Nest module.
 * Does not own: who is paid what (contracts/ decides, the ledger records it), its port (libs/services).
 * Read next: payout-reasons.ts, payouts-service.ts, summary-book.ts, libs/services/payouts-port.ts.
 */
export { PAYOUT_REASONS } from './payout-reasons.js';
export { statementToCsv } from './payouts-csv.js';
export { PayoutsModule, type PayoutsModuleOptions } from './payouts-module.js';
export { createPayoutsService } from './payouts-service.js';
export { SummaryBook } from './summary-book.js';
export { SummaryRefresh } from './summary-refresh.js';
