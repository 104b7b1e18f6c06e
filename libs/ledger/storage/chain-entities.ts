import { EntitySchema } from 'typeorm';
import type { BlockStatus } from './chain-store.js';

export type { BlockStatus } from './chain-store.js';

/** One block's place in the tree. Small rows apart from the bodies: a start reads them all, a reorganisation rewrites them. */
export interface BlockRow {
  /** Insertion order, parents first; a rowid table with a unique index on the id outruns a table keyed by the hash. */
  seq?: number;
  id: string;
  parentId: string;
  height: number;
  header: Buffer;
  totalWork: string;
  isOnMain: boolean;
  status: BlockStatus;
  transactionCount: number;
  sizeBytes: number;
  minted: string | null;
  burned: string | null;
  stateRoot: Buffer | null;
}

/** A block as it travels, under the `seq` of its place. Its shape is what salvage looks for in a damaged file. */
export interface BodyRow {
  seq: number;
  /** SHA-256 of the bytes: finds damage that SQLite's own page check does not see. */
  digest: Buffer;
  bytes: Buffer;
}

/** What applying a block did, under the `seq` of its place. Derived: pruned when old, made again by the law where it is needed. */
export interface EffectRow {
  seq: number;
  /** SHA-256 over undo and events. */
  digest: Buffer;
  /** `encodeDiff` of what the block changed: backwards it is the undo data, forwards it rebuilds the state. */
  undo: Buffer;
  /** `encodeEvents`. */
  events: Buffer;
}

/** One fact about the file itself: network, versions, genesis, tip. */
export interface MetaRow {
  name: string;
  value: string;
}

/** A transaction that waits for a block. */
export interface PendingRow {
  seq?: number;
  id: string;
  bytes: Buffer;
}

export const blockEntity = new EntitySchema<BlockRow>({
  name: 'block',
  columns: {
    seq: { type: Number, primary: true, generated: 'increment' },
    id: { type: 'text' },
    parentId: { type: 'text', name: 'parent_id' },
    height: { type: 'integer' },
    header: { type: 'blob' },
    totalWork: { type: 'text', name: 'total_work' },
    isOnMain: { type: Boolean, name: 'is_on_main' },
    status: { type: 'text' },
    transactionCount: { type: 'integer', name: 'transaction_count' },
    sizeBytes: { type: 'integer', name: 'size_bytes' },
    minted: { type: 'text', nullable: true },
    burned: { type: 'text', nullable: true },
    stateRoot: { type: 'blob', name: 'state_root', nullable: true },
  },
  indices: [
    { name: 'block_id', columns: ['id'], unique: true },
    { name: 'block_main_height', columns: ['isOnMain', 'height'] },
  ],
});

export const bodyEntity = new EntitySchema<BodyRow>({
  name: 'body',
  columns: {
    seq: { type: 'integer', primary: true },
    digest: { type: 'blob' },
    bytes: { type: 'blob' },
  },
});

export const effectEntity = new EntitySchema<EffectRow>({
  name: 'effect',
  columns: {
    seq: { type: 'integer', primary: true },
    digest: { type: 'blob' },
    undo: { type: 'blob' },
    events: { type: 'blob' },
  },
});

export const metaEntity = new EntitySchema<MetaRow>({
  name: 'meta',
  columns: { name: { type: 'text', primary: true }, value: { type: 'text' } },
});

export const pendingEntity = new EntitySchema<PendingRow>({
  name: 'pending',
  columns: {
    seq: { type: Number, primary: true, generated: 'increment' },
    id: { type: 'text' },
    bytes: { type: 'blob' },
  },
  indices: [{ name: 'pending_id', columns: ['id'], unique: true }],
});

/** All tables of the chain file. */
export const CHAIN_ENTITIES = [
  blockEntity,
  bodyEntity,
  effectEntity,
  metaEntity,
  pendingEntity,
] as unknown as EntitySchema[];
