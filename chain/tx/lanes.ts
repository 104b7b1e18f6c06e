import type { Violation } from '#errors';
import { RecurringKeys } from '../codec/recurring-texts.js';
import { u63 } from '../codec/schema.js';
import type { AccountId } from '../primitives/ids.js';
import { namespace } from '../state/namespace.js';
import type { BlockView } from '../state/view.js';
import type { Transaction } from './transaction.js';

/** Next sequence number by `laneKey`; absent means 0. */
export const laneSpace = namespace('lane', 2, u63);

const firstLanes = new RecurringKeys((account) => `${account}:0`);

/** Key of one lane of an account. */
export const laneKey = (account: AccountId, lane: number): string =>
  lane === 0 ? firstLanes.of(account) : `${account}:${lane}`;

/** Takes the next sequence number of the sender's lane; used or skipped numbers are refused. */
export function consumeSequence(
  view: BlockView,
  account: AccountId,
  transaction: Transaction,
): Violation | undefined {
  const key = laneKey(account, transaction.lane);
  const expected = view.get(laneSpace, key) ?? 0n;
  if (transaction.sequence < expected) {
    return { rule: 'tx/sequence-used', lane: transaction.lane, sequence: transaction.sequence, expected };
  }
  if (transaction.sequence > expected) {
    return { rule: 'tx/sequence-gap', lane: transaction.lane, sequence: transaction.sequence, expected };
  }
  view.put(laneSpace, key, expected + 1n);
  return undefined;
}
