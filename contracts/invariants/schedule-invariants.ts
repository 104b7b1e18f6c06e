import type { AccountId } from '#chain';
import type { StorageContract } from '../lifecycle/contract-object.js';
import { dueKey, dueSpace } from '../lifecycle/due-index.js';
import { usageSpace } from '../offer/usage.js';
import { type BlockFacts, broken, type ContractChange } from './block-facts.js';

/** What is to happen by itself stands in the schedule once and happens in ascending contract id. */
export function checkSchedule(facts: BlockFacts): void {
  for (const change of facts.contracts) checkDue(facts, change);
  let last = '';
  for (const { name, subject } of facts.automatic) {
    if (!name.startsWith('contract/')) continue;
    if (subject < last) broken(facts, subject, `'${name}' happened out of order`, { after: last });
    last = subject;
  }
  const settled = new Set<string>();
  for (const event of facts.view.events) {
    if (event.type !== 'object' || event.name !== 'contract/settled') continue;
    if (settled.has(event.subject)) broken(facts, event.subject, 'settled twice in one block', {});
    settled.add(event.subject);
  }
  for (const { id, after } of facts.contracts)
    if ((after.settledAt === facts.view.height) !== settled.has(id))
      broken(facts, id, 'settled and said so differ', { status: after.status, settledAt: after.settledAt });
}

function checkDue(facts: BlockFacts, { id, before, after }: ContractChange): void {
  const { view } = facts;
  const isWaiting = after.settledAt === undefined;
  const isListed = view.get(dueSpace, dueKey(id, after.dueAt))?.includes(id) === true;
  if (isWaiting !== isListed)
    broken(facts, id, isWaiting ? 'waits and is due nowhere' : 'is over and still due', {
      dueAt: after.dueAt,
    });
  if (isWaiting && after.dueAt <= view.height)
    broken(facts, id, 'is due in the past', { dueAt: after.dueAt, height: view.height });
  if (before === undefined || before.dueAt === after.dueAt) return;
  if (view.get(dueSpace, dueKey(id, before.dueAt))?.includes(id) === true)
    broken(facts, id, 'is due twice', { before: before.dueAt, after: after.dueAt });
}

/** A provider's usage is the sum of the bytes of its active contracts. */
export function checkUsage(facts: BlockFacts): void {
  const moved = new Map<AccountId, bigint>();
  const add = (contract: StorageContract | undefined, sign: bigint): void => {
    if (contract?.status !== 'active') return;
    const { provider, totalBytes } = contract;
    moved.set(provider, (moved.get(provider) ?? 0n) + sign * totalBytes);
  };
  for (const { before, after } of facts.contracts) {
    add(before, -1n);
    add(after, 1n);
  }
  for (const { space, key, before, after } of facts.changes) {
    if (space.code !== usageSpace.code) continue;
    const counted = ((after as bigint | undefined) ?? 0n) - ((before as bigint | undefined) ?? 0n);
    const active = moved.get(key as AccountId) ?? 0n;
    if (counted !== active)
      broken(facts, key, 'usage is not the bytes of active contracts', { counted, active });
    moved.delete(key as AccountId);
  }
  for (const [provider, active] of moved)
    if (active !== 0n)
      broken(facts, provider, 'usage is not the bytes of active contracts', { counted: 0n, active });
}
