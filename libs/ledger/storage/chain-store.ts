import type { EntityManager } from 'typeorm';
import type { AppliedBlock, BlockId, KnownBlock, TxId } from '#chain';
import { encodeDiff, hashToBlockId } from '#chain';
import type { CryptoPort } from '#crypto';
import { concatBytes, equalBytes } from '#crypto';
import type { AppError } from '#errors';
import {
  type BlockRow,
  blockEntity,
  CHAIN_ENTITIES,
  metaEntity,
  type PendingRow,
  pendingEntity,
} from './chain-entities.js';
import { type OpenDatabase, openDatabase, type SqliteDriver } from './data-sources.js';
import { encodeEvents } from './event-codec.js';
import { storeCorrupt, storeFailure } from './store-error.js';
import { createWriter, type Writer } from './writer.js';

/** A block's place in the tree of blocks, without its body. */
export type BlockPlace = Omit<BlockRow, 'seq' | 'bytes' | 'undo' | 'events' | 'digest'>;

/** A stored block with its blobs, checked against its digest. */
export interface StoredBlock extends BlockPlace {
  readonly bytes: Uint8Array;
  readonly undo: Uint8Array | undefined;
  readonly events: Uint8Array | undefined;
}

/** A block that joins the main chain now. */
export interface Connection {
  readonly block: KnownBlock;
  readonly applied: AppliedBlock;
  readonly totalWork: bigint;
  /** Counted up to and with this block. */
  readonly minted: bigint;
  readonly burned: bigint;
}

/** `--reset` is for networks whose data is disposable. */
const CHAIN_DAMAGED_NEXT =
  'stop this process, restore the file from a backup or move it away and start again: blocks are fetched anew from ' +
  'other nodes; on a devnet start with --reset';

/** Transactions on their way into the table together. */
interface PendingBatch {
  readonly rows: PendingRow[];
  readonly written: Promise<void>;
}

const PAGE_BLOCKS = 200;
const INSERT_ROWS = 500;
const META = { tip: 'tip' } as const;

/** The chain file: blocks with undo data and events, in one batch each. It knows no rule. */
export class ChainStore {
  private readonly writer: Writer;
  private pendingBatch: PendingBatch | undefined;

  private constructor(
    private readonly database: OpenDatabase,
    private readonly crypto: CryptoPort,
  ) {
    this.writer = createWriter(database);
  }

  /** @throws AppError `ledger/store-corrupt`, `ledger/store-failed` */
  static async open(file: string, crypto: CryptoPort, driver?: SqliteDriver): Promise<ChainStore> {
    // FULL: a block that was acknowledged survives a power cut; at a block a second the extra flush is nothing.
    const location = { url: `sqlite:${file}`, driver };
    const database = await openDatabase(location, {
      entities: CHAIN_ENTITIES,
      durability: 'FULL',
      whenDamaged: CHAIN_DAMAGED_NEXT,
    });
    return new ChainStore(database, crypto);
  }

  get file(): string {
    return this.database.name;
  }

  /** What the file says about itself. */
  async meta(): Promise<ReadonlyMap<string, string>> {
    const rows = await this.read((tx) => tx.find(metaEntity));
    return new Map(rows.map((row) => [row.name, row.value]));
  }

  async writeMeta(entries: Readonly<Record<string, string>>): Promise<void> {
    await this.writer.run((tx) => putMeta(tx, entries));
  }

  /** Id of the last block of the main chain as the last batch left it. */
  async tip(): Promise<BlockId | undefined> {
    return (await this.meta()).get(META.tip) as BlockId | undefined;
  }

  /** Appends the next block of the main chain: block, undo data, events and tip in one transaction. */
  async appendMain(next: Connection, meta: Readonly<Record<string, string>> = {}): Promise<void> {
    await this.writer.run(async (tx) => {
      await tx.insert(blockEntity, this.toRow(next.block, next.totalWork, next));
      await removePending(tx, next.block);
      await putMeta(tx, { ...meta, [META.tip]: next.block.id });
    });
  }

  /** Keeps a block that is not on the main chain. */
  async appendSide(block: KnownBlock, totalWork: bigint): Promise<void> {
    await this.writer.run((tx) => tx.insert(blockEntity, this.toRow(block, totalWork, undefined)));
  }

  /** Moves the main chain to another branch, whose blocks are all stored, in one transaction. */
  async switchMain(left: readonly BlockId[], joined: readonly Connection[]): Promise<void> {
    await this.writer.run(async (tx) => {
      for (const id of left) await tx.update(blockEntity, { id }, { isOnMain: false });
      for (const next of joined) {
        const { undo, events, digest, minted, burned } = this.toRow(next.block, next.totalWork, next);
        await tx.update(
          blockEntity,
          { id: next.block.id },
          { isOnMain: true, status: 'applied', undo, events, digest, minted, burned },
        );
        await removePending(tx, next.block);
      }
      const tip = joined.at(-1);
      if (tip !== undefined) await putMeta(tx, { [META.tip]: tip.block.id });
    });
  }

  /** Remembers that blocks break a rule, so that they are never tried again. */
  async markInvalid(ids: readonly BlockId[]): Promise<void> {
    await this.writer.run(async (tx) => {
      for (const id of ids) await tx.update(blockEntity, { id }, { status: 'invalid' });
    });
  }

  /** Main-chain blocks in order of height, each checked against its digest. */
  async *mainBlocks(fromHeight = 0): AsyncGenerator<StoredBlock> {
    let next = fromHeight;
    for (;;) {
      const rows = await this.read((tx) =>
        tx
          .createQueryBuilder(blockEntity, 'block')
          .where('block.isOnMain = :isOnMain AND block.height >= :next', { isOnMain: true, next })
          .orderBy('block.height')
          .limit(PAGE_BLOCKS)
          .getMany(),
      );
      for (const row of rows) yield this.fromRow(row);
      const last = rows.at(-1);
      if (last === undefined) return;
      next = last.height + 1;
    }
  }

  /** Places of all blocks off the main chain, parents first. */
  async sidePlaces(): Promise<BlockPlace[]> {
    return this.read((tx) =>
      tx
        .createQueryBuilder(blockEntity, 'block')
        .select([
          'block.seq',
          'block.id',
          'block.parentId',
          'block.height',
          'block.timeSeconds',
          'block.bits',
          'block.totalWork',
          'block.isOnMain',
          'block.status',
          'block.transactionCount',
          'block.minted',
          'block.burned',
        ])
        .where('block.isOnMain = :isOnMain', { isOnMain: false })
        .orderBy('block.height')
        .getMany(),
    );
  }

  /** One block by id, on whatever branch. */
  async block(id: BlockId): Promise<StoredBlock | undefined> {
    const row = await this.read((tx) => tx.findOneBy(blockEntity, { id }));
    return row === null ? undefined : this.fromRow(row);
  }

  /** Keeps a transaction that waits, so that a restart does not lose what was acknowledged. */
  addPending(id: TxId, bytes: Uint8Array): Promise<void> {
    // Those that come while the writer is busy share one transaction, and so one flush to disk.
    this.pendingBatch ??= this.openPendingBatch();
    this.pendingBatch.rows.push({ id, bytes: toBuffer(bytes) });
    return this.pendingBatch.written;
  }

  async removePending(ids: readonly string[]): Promise<void> {
    if (ids.length === 0) return;
    await this.writer.run(async (tx) => {
      for (const id of ids) await tx.delete(pendingEntity, { id });
    });
  }

  /** Waiting transactions in the order they came. */
  async pending(): Promise<{ readonly id: string; readonly bytes: Uint8Array }[]> {
    const rows = await this.read((tx) => tx.find(pendingEntity, { order: { seq: 'ASC' } }));
    return rows.map((row) => ({ id: row.id, bytes: fromBuffer(row.bytes) }));
  }

  /** The error for contents that contradict themselves. */
  damaged(what: string): AppError {
    return storeCorrupt(this.database, what);
  }

  async close(): Promise<void> {
    await this.writer.idle();
    await this.database.close();
  }

  private openPendingBatch(): PendingBatch {
    const rows: PendingRow[] = [];
    const written = this.writer.run(async (tx) => {
      this.pendingBatch = undefined;
      for (let at = 0; at < rows.length; at += INSERT_ROWS) {
        const values = rows.slice(at, at + INSERT_ROWS);
        await tx.createQueryBuilder().insert().into(pendingEntity).values(values).orIgnore().execute();
      }
    });
    return { rows, written };
  }

  private async read<T>(query: (tx: EntityManager) => Promise<T>): Promise<T> {
    try {
      return await query(this.database.reading.manager);
    } catch (error) {
      throw storeFailure(this.database, error);
    }
  }

  private toRow(block: KnownBlock, totalWork: bigint, joining: Connection | undefined): BlockRow {
    const undo = joining && encodeDiff(joining.applied.diff);
    const events = joining && encodeEvents(joining.applied.events);
    return {
      id: block.id,
      parentId: hashToBlockId(block.header.previous),
      height: block.coinbase.height,
      timeSeconds: block.header.time,
      bits: block.header.bits,
      totalWork: workToText(totalWork),
      isOnMain: joining !== undefined,
      status: joining === undefined ? 'stored' : 'applied',
      transactionCount: block.transactions.length,
      minted: joining === undefined ? null : joining.minted.toString(),
      burned: joining === undefined ? null : joining.burned.toString(),
      bytes: toBuffer(block.bytes),
      undo: undo === undefined ? null : toBuffer(undo),
      events: events === undefined ? null : toBuffer(events),
      digest: toBuffer(this.digest(block.bytes, undo, events)),
    };
  }

  private fromRow(row: BlockRow): StoredBlock {
    const bytes = fromBuffer(row.bytes);
    const undo = row.undo === null ? undefined : fromBuffer(row.undo);
    const events = row.events === null ? undefined : fromBuffer(row.events);
    if (!equalBytes(this.digest(bytes, undo, events), fromBuffer(row.digest))) {
      throw this.damaged(`the stored bytes of block ${row.id} do not match their digest`);
    }
    return { ...row, bytes, undo, events };
  }

  private digest(bytes: Uint8Array, undo?: Uint8Array, events?: Uint8Array): Uint8Array {
    const parts = [bytes, undo ?? new Uint8Array(), events ?? new Uint8Array()];
    return this.crypto.sha256(concatBytes(...parts.map((part) => this.crypto.sha256(part))));
  }
}

/** Accumulated work as 64 hex digits. */
export function workToText(work: bigint): string {
  return work.toString(16).padStart(64, '0');
}

async function putMeta(tx: EntityManager, entries: Readonly<Record<string, string>>): Promise<void> {
  const rows = Object.entries(entries).map(([name, value]) => ({ name, value }));
  await tx.upsert(metaEntity, rows, ['name']);
}

async function removePending(tx: EntityManager, block: KnownBlock): Promise<void> {
  const ids = block.transactions.map((known) => known.id);
  for (let at = 0; at < ids.length; at += INSERT_ROWS) {
    await tx
      .createQueryBuilder()
      .delete()
      .from(pendingEntity)
      .where('id IN (:...ids)', { ids: ids.slice(at, at + INSERT_ROWS) })
      .execute();
  }
}

function toBuffer(source: Uint8Array): Buffer {
  return Buffer.from(source.buffer, source.byteOffset, source.byteLength);
}

/** A plain view: a Buffer's `slice` shares memory where the codec expects a copy. */
function fromBuffer(source: Uint8Array): Uint8Array {
  return new Uint8Array(source.buffer, source.byteOffset, source.byteLength);
}
