/**
 * Owns: /healthz (the process lives) and /readyz (it can do its work: every check passes).
 * Does not own: the checks; each app lists its own.
 * Read next: health-module.ts.
 */
export {
  type HealthCheck,
  type HealthChecksFactory,
  HealthModule,
  type ReadinessReport,
  runChecks,
} from './health-module.js';
