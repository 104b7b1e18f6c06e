import type { KnownBlock, LawEvent, ObjectEvent } from '#chain';
import { assertInvariant } from '#errors';
import {
  type ContractRow,
  type ObjectEventRow,
  POSITIONS_PER_BLOCK,
  type PostingRow,
  type TransactionRow,
} from './explorer-entities.js';
import { type FragmentChange, fragmentChange } from './fragment-changes.js';

/** What one block adds to the index. */
export interface IndexRows {
  readonly transactions: TransactionRow[];
  readonly postings: PostingRow[];
  readonly objectEvents: ObjectEventRow[];
  readonly contracts: ContractRow[];
  readonly fragments: FragmentChange[];
  readonly failures: { readonly id: string; readonly failedKey: number }[];
  readonly settlements: { readonly id: string; readonly status: string; readonly settledKey: number }[];
}

/** No rows. */
export function emptyRows(): IndexRows {
  return {
    transactions: [],
    postings: [],
    objectEvents: [],
    contracts: [],
    fragments: [],
    failures: [],
    settlements: [],
  };
}

/** First key of a height. */
export function heightKey(height: number): number {
  return height * POSITIONS_PER_BLOCK;
}

/** Height and position of a key. */
export function keyToPlace(key: number): { height: number; position: number } {
  return { height: Math.floor(key / POSITIONS_PER_BLOCK), position: key % POSITIONS_PER_BLOCK };
}

/** Adds a block's rows; postings and object events share one numbering, the order in which they happened. */
export function blockToRows(block: KnownBlock, events: readonly LawEvent[], rows: IndexRows): void {
  const base = heightKey(block.coinbase.height);
  assertInvariant(events.length < POSITIONS_PER_BLOCK, `block ${block.id} has ${events.length} events`);
  const bodies = new Map<string, unknown>();
  for (const [position, known] of block.transactions.entries()) {
    const { kind, body } = known.transaction;
    rows.transactions.push({ key: base + position, id: known.id, kind, sender: known.account });
    bodies.set(known.id, body);
  }
  for (const [position, event] of events.entries()) {
    const key = base + position;
    if (event.type === 'posting') {
      const { from, to, reason, subject } = event;
      rows.postings.push({ key, from, to, amount: event.amount.toString(), reason, subject });
      continue;
    }
    const { name, subject, data } = event;
    rows.objectEvents.push({ key, name, subject, data: JSON.stringify(data, bigintToText) });
    if (name.startsWith('contract/')) contractRows(key, event, bodies, rows);
  }
}

function contractRows(
  key: number,
  { name, subject: id, data }: ObjectEvent,
  bodies: ReadonlyMap<string, unknown>,
  rows: IndexRows,
): void {
  const change = fragmentChange({ name, id, data, key }, bodies);
  if (change !== undefined) rows.fragments.push(change);
  if (name === 'contract/formed') {
    rows.contracts.push({
      key,
      id,
      client: String(data['client']),
      provider: String(data['provider']),
      status: 'active',
      failedKey: null,
      settledKey: null,
      // Of one that goes on, its predecessor until the rows are written: only then all lists are known.
      list: String(data['from'] ?? id),
    });
  }
  if (name === 'contract/failed') rows.failures.push({ id, failedKey: key });
  if (name === 'contract/settled')
    rows.settlements.push({ id, status: String(data['status']), settledKey: key });
}

function bigintToText(_: string, value: unknown): unknown {
  return typeof value === 'bigint' ? value.toString() : value;
}
