import { EntitySchema, type ValueTransformer } from 'typeorm';
import type { DatabaseRole } from '../storage/data-sources.js';

/** Orders everything on the main chain in one number: height * 2^21 + position inside the block. */
export const POSITIONS_PER_BLOCK = 2 ** 21;

export interface TransactionRow {
  key: number;
  id: string;
  kind: string;
  sender: string;
}

export interface PostingRow {
  key: number;
  from: string;
  to: string;
  amount: string;
  reason: string;
  subject: string;
}

export interface ObjectEventRow {
  key: number;
  name: string;
  subject: string;
  /** JSON, amounts as decimal strings. */
  data: string;
}

export interface ContractRow {
  /** Of the event that formed it. */
  key: number;
  id: string;
  client: string;
  provider: string;
  status: string;
  /** Of the event with which it failed; its reserve may wait for repair after that. */
  failedKey: number | null;
  /** Of the event that settled it. */
  settledKey: number | null;
  /** Id of the contract that its list of fragments began with: a renewed or replaced one goes on with the list of the old. */
  list: string;
}

/** One entry of a list of fragments; what a contract holds are those of its list that are there at its end, or now. */
export interface HolderRow {
  seq?: number;
  list: string;
  ordinal: number;
  fragment: string;
  lengthBytes: number;
  /** Of the event that added it. */
  addedKey: number;
  /** Of the event that dropped it. */
  droppedKey: number | null;
}

/** Where the index stands. */
export interface IndexTipRow {
  id: number;
  blockId: string;
  height: number;
  /** Chain the index belongs to. */
  genesis: string;
}

/** PostgreSQL hands int8 over as text. */
const safeInteger: ValueTransformer = {
  to: (value: number | null) => value,
  from: (value: string | number | null) => (value === null ? null : Number(value)),
};

const key = { type: 'bigint', primary: true, transformer: safeInteger } as const;

export const transactionEntity = new EntitySchema<TransactionRow>({
  name: 'transaction_index',
  columns: { key, id: { type: 'text' }, kind: { type: 'text' }, sender: { type: 'text' } },
  indices: [{ name: 'transaction_id', columns: ['id'], unique: true }],
});

export const postingEntity = new EntitySchema<PostingRow>({
  name: 'posting',
  columns: {
    key,
    from: { type: 'text', name: 'from_pot' },
    to: { type: 'text', name: 'to_pot' },
    amount: { type: 'text' },
    reason: { type: 'text' },
    subject: { type: 'text' },
  },
  indices: [
    { name: 'posting_from', columns: ['from', 'key'] },
    { name: 'posting_to', columns: ['to', 'key'] },
    { name: 'posting_subject', columns: ['subject', 'key'] },
    { name: 'posting_reason', columns: ['reason', 'key'] },
  ],
});

export const objectEventEntity = new EntitySchema<ObjectEventRow>({
  name: 'object_event',
  columns: { key, name: { type: 'text' }, subject: { type: 'text' }, data: { type: 'text' } },
  indices: [
    { name: 'object_event_subject', columns: ['subject', 'key'] },
    { name: 'object_event_name', columns: ['name', 'key'] },
  ],
});

export const contractEntity = new EntitySchema<ContractRow>({
  name: 'contract_index',
  columns: {
    key,
    id: { type: 'text' },
    client: { type: 'text' },
    provider: { type: 'text' },
    status: { type: 'text' },
    failedKey: { type: 'bigint', name: 'failed_key', nullable: true, transformer: safeInteger },
    settledKey: { type: 'bigint', name: 'settled_key', nullable: true, transformer: safeInteger },
    list: { type: 'text' },
  },
  indices: [
    { name: 'contract_id', columns: ['id'], unique: true },
    { name: 'contract_client', columns: ['client', 'key'] },
    { name: 'contract_provider', columns: ['provider', 'key'] },
    { name: 'contract_status', columns: ['status', 'key'] },
    { name: 'contract_list', columns: ['list', 'key'] },
  ],
});

export const holderEntity = new EntitySchema<HolderRow>({
  name: 'fragment_holder',
  columns: {
    seq: { type: Number, primary: true, generated: 'increment' },
    list: { type: 'text' },
    ordinal: { type: 'integer' },
    fragment: { type: 'text' },
    lengthBytes: { type: 'integer', name: 'length_bytes' },
    addedKey: { type: 'bigint', name: 'added_key', transformer: safeInteger },
    droppedKey: { type: 'bigint', name: 'dropped_key', nullable: true, transformer: safeInteger },
  },
  indices: [
    { name: 'holder_fragment', columns: ['fragment'] },
    { name: 'holder_list', columns: ['list', 'ordinal'] },
    { name: 'holder_added', columns: ['addedKey'] },
    { name: 'holder_dropped', columns: ['droppedKey'] },
  ],
});

export const indexTipEntity = new EntitySchema<IndexTipRow>({
  name: 'index_tip',
  columns: {
    id: { type: 'integer', primary: true },
    blockId: { type: 'text', name: 'block_id' },
    height: { type: 'integer' },
    genesis: { type: 'text' },
  },
});

/** The explorer's index: derived from the blocks, so that losing its last commits or all of it costs only time. */
export const EXPLORER_ROLE: DatabaseRole = {
  entities: [
    indexTipEntity,
    transactionEntity,
    postingEntity,
    objectEventEntity,
    contractEntity,
    holderEntity,
  ] as unknown as EntitySchema[],
  durability: 'NORMAL',
  whenDamaged: 'restart the process: the index is rebuilt from the blocks by itself; nothing is lost',
};
