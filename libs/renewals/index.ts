/**
 * Owns: automatic renewal of a client's contracts: when each is due, what may be spent on it, who is warned of a lapse;
 *   the book of what was done, kept through restarts; the pass that does it.
 * Does not own: how one contract is renewed (libs/client), what renewing means (contracts/renew).
 * Read next: renewal-policy.ts, renewal-runner.ts, renewal-book.ts, docs/operate/renewal.md.
 */
export { keptByCatalogue, renewByClient } from './client-renewals.js';
export { RenewalBook, type RenewalBookState } from './renewal-book.js';
export { findCandidates, type KeptContract, RENEWAL_FEE_AT_MOST, renewalCost } from './renewal-candidates.js';
export {
  defaultRenewalPolicy,
  type PlannedContract,
  planRenewals,
  type RenewalCandidate,
  type RenewalNote,
  type RenewalOutlook,
  type RenewalPlan,
  type RenewalPolicy,
} from './renewal-policy.js';
export { type RenewalReport, type RenewalsView, renewalsView, reportToView } from './renewal-report.js';
export { type RenewAction, RenewalRunner, type RenewalRunnerOptions } from './renewal-runner.js';
