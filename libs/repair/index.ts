/**
 * Owns: the repairer: capabilities that clients hand over, an eye on every contract in them, what is repaired first, blind
 *   rebuilding and replacing within an epoch; its HTTP API.
 * Does not own: how one contract is replaced (libs/client), codes (libs/erasure), the rules of `replace` (contracts/repair).
 * Read next: plan.ts, repairer.ts, repair-round.ts, docs/protocol/repair.md, docs/adr/0028-repair-agent.md.
 */
export { ByteLimit } from './byte-limit.js';
export { chooseHolder, type HolderChoice, type HolderRequest } from './choose-holder.js';
export {
  type FileFacts,
  type HolderFacts,
  isLive,
  type PlannedRepair,
  type PlanRules,
  planRepairs,
  type RepairPlan,
  type RepairReason,
} from './plan.js';
export {
  type RebuildOptions,
  type Rebuilt,
  type RebuiltTarget,
  rebuild,
  replacementToTarget,
} from './rebuild.js';
export { defaultRepairLimits, RepairDesk, type RepairLimits } from './repair-desk.js';
export { REPAIR_OPENAPI, REPAIR_STATUS_TABLE, RepairApiModule, RepairModule } from './repair-module.js';
export { Repairer, type RepairerOptions } from './repairer.js';
export { repairerNames, repairerOptions, startAnnounced } from './repairer-settings.js';
export { parseRepairHours, type RepairHours } from './schedule.js';
export { SegmentSource } from './segment-source.js';
export { REPAIRER } from './tokens.js';
