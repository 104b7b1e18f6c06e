import { EASY, type RuleVectorFile, VectorBook } from '../../../chain/testing/rules/index.js';
import { contractsModule } from '../../module.js';
import type { StateObjectRef } from '../../state-objects.js';
import { judgeStateObject } from './judge-state-object.js';

const ACCOUNT = 'ab'.repeat(20);
const CONTRACT = 'cd'.repeat(32);

/** How objects of the state are named to a node; not consensus. */
export function stateObjectRules(): RuleVectorFile {
  const book = new VectorBook([contractsModule], judgeStateObject);
  book.network('easy', EASY);
  const ask = (rule: string, verdict: string, why: string, object: StateObjectRef): void =>
    book.ask(rule, verdict, why, { subject: 'state-object', network: 'easy', object: { ...object } });
  const id = 'state-object/id';
  ask(id, 'accept', 'an account by 20 bytes', { kind: 'account', id: ACCOUNT });
  ask(id, 'accept', 'a contract by 32 bytes', { kind: 'contract', id: CONTRACT });
  ask(id, 'accept', 'an offer by its provider’s account', { kind: 'offer', id: ACCOUNT });
  ask(id, 'accept', 'an endpoint by its account', { kind: 'endpoint', id: ACCOUNT });
  ask(id, id, 'an account by 32 bytes', { kind: 'account', id: CONTRACT });
  ask(id, id, 'a contract by 20 bytes', { kind: 'contract', id: ACCOUNT });
  ask(id, id, 'capitals', { kind: 'account', id: ACCOUNT.toUpperCase() });
  const lane = 'state-object/lane';
  ask(lane, 'accept', 'the first lane', { kind: 'lane', id: ACCOUNT, lane: 0 });
  ask(lane, 'accept', 'the last lane', { kind: 'lane', id: ACCOUNT, lane: 65_535 });
  ask(lane, 'accept', 'none given: the first', { kind: 'lane', id: ACCOUNT });
  ask(lane, lane, 'one beyond the last', { kind: 'lane', id: ACCOUNT, lane: 65_536 });
  ask(lane, lane, 'one before the first', { kind: 'lane', id: ACCOUNT, lane: -1 });
  ask(lane, lane, 'half a lane', { kind: 'lane', id: ACCOUNT, lane: 0.5 });
  const slot = 'state-object/slot';
  for (const name of ['catalogue', 'stream', 'log'])
    ask(slot, 'accept', `the slot ${name}`, { kind: 'anchor', id: ACCOUNT, slot: name });
  ask(slot, slot, 'no slot', { kind: 'anchor', id: ACCOUNT });
  ask(slot, slot, 'a slot in capitals', { kind: 'anchor', id: ACCOUNT, slot: 'Log' });
  return book.finish();
}
