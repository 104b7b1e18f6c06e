import type { LedgerPort } from '#ledger';

/** Steps followed each way. */
const MAX_STEPS = 10_000;

/** What a contract has become, and whether somebody needs it under any of the ids it ever had. */
export interface ContractLine {
  /** Id of what it was renewed or replaced by; its own where it was not, or where the node knows none. */
  readonly current: string;
  readonly isNeeded: boolean;
}

/**
 * Follows a contract to what it went on as, and back to what it came from: lists name a contract as it was when they were
 * written, and one of them may have been written before it was renewed or replaced, another one after.
 */
export async function followContract(
  ledger: Pick<LedgerPort, 'contract'>,
  id: string,
  needed: ReadonlySet<string>,
): Promise<ContractLine> {
  const made = await ledger.contract({ id });
  let current = id;
  let isNeeded = needed.has(id);
  let next = made?.successor ?? null;
  for (let step = 0; step < MAX_STEPS && next !== null; step++) {
    current = next;
    isNeeded ||= needed.has(next);
    next = (await ledger.contract({ id: next }))?.successor ?? null;
  }
  let before = made?.origin?.contract;
  for (let step = 0; step < MAX_STEPS && before !== undefined && !isNeeded; step++) {
    isNeeded = needed.has(before);
    before = (await ledger.contract({ id: before }))?.origin?.contract;
  }
  return { current, isNeeded };
}
