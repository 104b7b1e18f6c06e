import type { KnownBlock, LawEvent } from '#chain';
import type { FormBody } from '#contracts';
import { assertInvariant } from '#errors';
import {
  type ContractRow,
  type HolderRow,
  type ObjectEventRow,
  POSITIONS_PER_BLOCK,
  type PostingRow,
  type TransactionRow,
} from './explorer-entities.js';

/** What one block adds to the index. */
export interface IndexRows {
  readonly transactions: TransactionRow[];
  readonly postings: PostingRow[];
  readonly objectEvents: ObjectEventRow[];
  readonly contracts: ContractRow[];
  readonly holders: HolderRow[];
  readonly settlements: { readonly id: string; readonly status: string; readonly settledKey: number }[];
}

/** No rows. */
export function emptyRows(): IndexRows {
  return { transactions: [], postings: [], objectEvents: [], contracts: [], holders: [], settlements: [] };
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
  const forms = new Map<string, FormBody>();
  for (const [position, known] of block.transactions.entries()) {
    const { kind, body } = known.transaction;
    rows.transactions.push({ key: base + position, id: known.id, kind, sender: known.account });
    if (kind === 'form') forms.set(known.id, body as FormBody);
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
    if (name === 'contract/formed') contractRows(key, subject, data, forms, rows);
    if (name === 'contract/settled') {
      rows.settlements.push({ id: subject, status: String(data['status']), settledKey: key });
    }
  }
}

function contractRows(
  key: number,
  id: string,
  data: Readonly<Record<string, unknown>>,
  forms: ReadonlyMap<string, FormBody>,
  rows: IndexRows,
): void {
  const form = forms.get(String(data['transaction']));
  assertInvariant(form !== undefined, `contract ${id} was formed by no transaction of its block`);
  rows.contracts.push({
    key,
    id,
    client: String(data['client']),
    provider: String(data['provider']),
    status: 'active',
    settledKey: null,
  });
  for (const [ordinal, fragment] of form.fragments.entries()) {
    rows.holders.push({
      contractKey: key,
      contract: id,
      ordinal,
      fragment: fragment.id,
      lengthBytes: fragment.lengthBytes,
    });
  }
}

function bigintToText(_: string, value: unknown): unknown {
  return typeof value === 'bigint' ? value.toString() : value;
}
