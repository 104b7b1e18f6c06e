/** Who keeps a fragment now, as the chain and the last audits show it. */
export interface HolderFacts {
  /** The contract that goes on with the fragments now. */
  readonly contract: string;
  /** Account of its provider. */
  readonly provider: string;
  readonly isActive: boolean;
  /** Why the ledger would take a replacement now. */
  readonly replaceable: 'failed' | 'missed' | 'drained' | null;
  /** A challenge is open and unanswered. */
  readonly hasOpenWindow: boolean;
  /** The height since which it proves nothing to us; undefined: it answered the last audit, or was not asked yet. */
  readonly silentSince: number | undefined;
  /** The height at which the cause of a replacement was first seen. */
  readonly causeSince: number | undefined;
  /** After this height nobody pays for a replacement any more. */
  readonly lastHeight: number;
}

/** How a file lies: contracts by place, undefined where nobody keeps a fragment. */
export interface FileFacts {
  readonly subject: string;
  readonly profile: { readonly k: number; readonly repairBelow: number };
  readonly placements: readonly (readonly (string | undefined)[])[];
}

/** Why a contract is given to another provider. */
export type RepairReason = 'failed' | 'drained' | 'below-threshold' | 'departed';

/** One contract to be replaced. */
export interface PlannedRepair {
  readonly contract: string;
  readonly reason: RepairReason;
  readonly subjects: readonly string[];
  /** Live fragments above k of the worst segment it is part of. */
  readonly spare: number;
  /** Holders of that segment that are gone: how fast it loses them. */
  readonly gone: number;
  /** Height by which it should be done: an epoch after its cause, or before nobody pays for it. */
  readonly deadline: number;
}

/** What to do at a height. */
export interface RepairPlan {
  /** Most urgent first. */
  readonly repairs: readonly PlannedRepair[];
  /** Live fragments of the worst segment, by subject. */
  readonly live: ReadonlyMap<string, number>;
  /** Files with a segment of which fewer than k fragments live: nobody can rebuild them before somebody returns. */
  readonly lost: readonly string[];
}

export interface PlanRules {
  readonly epochBlocks: number;
}

/** Whether a fragment with this holder can be read now, as far as anybody knows. */
export function isLive(holder: HolderFacts | undefined): boolean {
  return holder?.isActive === true && holder.silentSince === undefined;
}

/** A reorganisation may bring contracts back that were over: their capability is kept for so many blocks. */
const KEPT_AFTER_BLOCKS = 100;

/**
 * Whether nobody pays for anything of a file any more, by the heights at which its contracts settled; null: not settled;
 * undefined: the node does not know the contract. It was on the chain when it was handed over, and the chain forgets
 * none: such a node is behind, and what it does not know yet is not over.
 */
export function isOver(settledAt: readonly (number | null | undefined)[], height: number): boolean {
  return settledAt.every((at) => at != null && height >= at + KEPT_AFTER_BLOCKS);
}

interface Worst {
  readonly subjects: string[];
  spare: number;
  gone: number;
  /** Live fragments that are missing to the repair threshold; negative where there are more. */
  short: number;
}

/**
 * What is to be repaired at a height, most urgent first: the fewest live fragments above k, then the most holders gone,
 * then the earliest deadline. A miss alone is no reason while its provider still proves what it keeps, nor while its
 * segments are at or above their threshold and it has been silent for less than an epoch (docs/adr/0028).
 */
export function planRepairs(
  rules: PlanRules,
  height: number,
  holders: ReadonlyMap<string, HolderFacts>,
  files: readonly FileFacts[],
): RepairPlan {
  const live = new Map<string, number>();
  const lost: string[] = [];
  const worst = new Map<string, Worst>();
  for (const { subject, profile, placements } of files) {
    let fewest = Number.POSITIVE_INFINITY;
    for (const placement of placements) {
      const placed = placement.filter((contract) => contract !== undefined);
      const alive = placed.filter((contract) => isLive(holders.get(contract))).length;
      fewest = Math.min(fewest, alive);
      const facts = {
        spare: alive - profile.k,
        gone: placed.length - alive,
        short: profile.repairBelow - alive,
      };
      for (const contract of placed) noteWorst(worst, contract, subject, facts);
    }
    live.set(subject, fewest);
    if (fewest < profile.k) lost.push(subject);
  }
  const repairs = [...worst].flatMap(([contract, facts]) => {
    const holder = holders.get(contract);
    const reason = holder === undefined ? undefined : reasonOf(rules, height, holder, facts);
    if (holder === undefined || reason === undefined || facts.spare < 0) return [];
    const { subjects, spare, gone } = facts;
    const wanted = (holder.causeSince ?? height) + rules.epochBlocks;
    return [{ contract, reason, subjects, spare, gone, deadline: Math.min(wanted, holder.lastHeight) }];
  });
  return { repairs: repairs.sort(compareUrgency), live, lost };
}

function reasonOf(
  { epochBlocks }: PlanRules,
  height: number,
  holder: HolderFacts,
  { short }: Worst,
): RepairReason | undefined {
  if (height > holder.lastHeight) return undefined;
  switch (holder.replaceable) {
    case 'failed':
      return 'failed';
    case 'drained':
      // The ledger waits for the answer of a provider that missed nothing, and so do we.
      return holder.hasOpenWindow ? undefined : 'drained';
    case 'missed':
      if (holder.silentSince === undefined) return undefined;
      if (short > 0) return 'below-threshold';
      return height - holder.silentSince >= epochBlocks ? 'departed' : undefined;
    case null:
      return undefined;
  }
}

function noteWorst(
  worst: Map<string, Worst>,
  contract: string,
  subject: string,
  { spare, gone, short }: { spare: number; gone: number; short: number },
): void {
  const known = worst.get(contract);
  if (known === undefined) {
    worst.set(contract, { subjects: [subject], spare, gone, short });
    return;
  }
  if (!known.subjects.includes(subject)) known.subjects.push(subject);
  known.spare = Math.min(known.spare, spare);
  known.gone = Math.max(known.gone, gone);
  known.short = Math.max(known.short, short);
}

function compareUrgency(a: PlannedRepair, b: PlannedRepair): number {
  return (
    a.spare - b.spare || b.gone - a.gone || a.deadline - b.deadline || (a.contract < b.contract ? -1 : 1)
  );
}
