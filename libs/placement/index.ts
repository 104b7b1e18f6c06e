/**
 * Owns: which providers a segment's fragments go to: failure domains, room, the score from price, record, answers and space,
 *   the share of newcomers; how long data lasts.
 * Does not own: prices (libs/market), moving bytes (libs/client), who holds what (libs/registry), probes
 *   (libs/placement-service).
 * Read next: choose.ts, score.ts, failure-domain.ts; docs/adr/0030-placement-score.md.
 */
export * from './choose.js';
export * from './durability.js';
export * from './durability-estimate.js';
export {
  domainToText,
  type FailureDomain,
  failureDomain,
  OccupiedDomains,
  type Placed,
  subnetOf,
} from './failure-domain.js';
export {
  type Candidate,
  isNewcomer,
  PLACEMENT_WEIGHTS,
  type ScoredCandidate,
  type ScoreParts,
  type Standing,
  scoreCandidates,
} from './score.js';
