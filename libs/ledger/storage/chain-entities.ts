import { EntitySchema } from 'typeorm';

/** How far a stored block got: body stored, applied at least once, or found to break a rule. */
export type BlockStatus = 'stored' | 'applied' | 'invalid';

/** One block with everything needed to go forward and back over it. Written in one batch, or not at all. */
export interface BlockRow {
  /** Insertion order; a rowid table with a unique index on the id outruns a table keyed by the hash. */
  seq?: number;
  id: string;
  parentId: string;
  height: number;
  timeSeconds: number;
  bits: number;
  /** Accumulated work up to this block, 64 hex digits, so that text order is number order. */
  totalWork: string;
  isOnMain: boolean;
  status: BlockStatus;
  transactionCount: number;
  /** Coins minted (the genesis allocations apart) and burned up to this block; null until it was applied. */
  minted: string | null;
  burned: string | null;
  bytes: Buffer;
  /** `encodeDiff` of what the block changed: backwards it is the undo data, forwards it rebuilds the state. */
  undo: Buffer | null;
  /** `encodeEvents`. */
  events: Buffer | null;
  /** SHA-256 over bytes, undo and events: finds damage that SQLite's own page check does not see. */
  digest: Buffer;
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
    timeSeconds: { type: 'integer', name: 'time_seconds' },
    bits: { type: 'integer' },
    totalWork: { type: 'text', name: 'total_work' },
    isOnMain: { type: Boolean, name: 'is_on_main' },
    status: { type: 'text' },
    transactionCount: { type: 'integer', name: 'transaction_count' },
    minted: { type: 'text', nullable: true },
    burned: { type: 'text', nullable: true },
    bytes: { type: 'blob' },
    undo: { type: 'blob', nullable: true },
    events: { type: 'blob', nullable: true },
    digest: { type: 'blob' },
  },
  indices: [
    { name: 'block_id', columns: ['id'], unique: true },
    { name: 'block_main_height', columns: ['isOnMain', 'height'] },
  ],
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
export const CHAIN_ENTITIES = [blockEntity, metaEntity, pendingEntity] as unknown as EntitySchema[];
