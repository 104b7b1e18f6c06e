/**
 * Owns: the placement service: who could hold fragments now; a record of which providers answer, kept by a recurring
 *   job; as a Nest module.
 * Does not own: the rules of choosing (libs/placement), prices (libs/market-service), its port (libs/services).
 * Read next: placement-service.ts, probe-job.ts, libs/services/placement-port.ts.
 */
export { LivenessRecord } from './liveness-record.js';
export { PlacementModule, type PlacementModuleOptions } from './placement-module.js';
export { createPlacementService } from './placement-service.js';
export { probeProvider } from './probe-provider.js';
export { ProbeSchedule } from './probe-schedule.js';
