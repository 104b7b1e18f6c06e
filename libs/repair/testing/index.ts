/**
 * Owns: a stage for tests of the repairer: market, client and repairer in this process, over real HTTP.
 * Does not own: real processes (test/e2e). Only tests import this.
 * Read next: repair-stage.ts.
 */
export { type LeftFile, RepairStage } from './repair-stage.js';
