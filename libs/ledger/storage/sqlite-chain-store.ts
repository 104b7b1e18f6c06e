import { type EntityManager, In } from 'typeorm';
import type { BlockId, KnownBlock, TxId } from '#chain';
import type { CryptoPort } from '#crypto';
import { equalBytes } from '#crypto';
import type { AppError } from '#errors';
import {
  blockToPlace,
  connectionToEffect,
  connectionToFigures,
  effectDigest,
  returningTransactions,
} from './block-record.js';
import {
  blockEntity,
  bodyEntity,
  CHAIN_ENTITIES,
  effectEntity,
  metaEntity,
  type PendingRow,
  pendingEntity,
} from './chain-entities.js';
import type {
  BlockPlace,
  BlockStatus,
  ChainStore,
  Connection,
  PendingTransaction,
  StoredBlock,
} from './chain-store.js';
import { type OpenDatabase, openDatabase, type SqliteDriver } from './data-sources.js';
import { storeCorrupt, storeFailure } from './store-error.js';
import { createWriter, type Writer } from './writer.js';

/** `--rebuild` salvages what still reads; `--reset` is for networks whose data is disposable. */
const CHAIN_DAMAGED_NEXT =
  'restart the process: what still reads goes into a new file by itself, other nodes give the rest; --rebuild ' +
  '(CAIRN_REBUILD=on) forces that, on a devnet --reset starts over';

/** Transactions on their way into the table together. */
interface PendingBatch {
  readonly rows: PendingRow[];
  readonly written: Promise<void>;
}

const PLACES_OF_PAGE = 5_000;
const BLOCKS_OF_PAGE = 200;
const BYTES_OF_PAGE = 8 * 1024 * 1024;
const INSERT_ROWS = 500;
const PRUNED_AT_ONCE = 50;
/** Blocks of one INSERT: with them in one statement small blocks cost little more than their bytes. */
const APPEND_ROWS = 64;
const META = { tip: 'tip', prunedBelow: 'effects-pruned-below' } as const;

const PLACE_NAMES =
  'seq, id, parent_id, height, header, total_work, is_on_main, status, transaction_count, size_bytes, minted, burned, state_root';
const PLACE_COLUMNS = PLACE_NAMES.replaceAll(/\w+/g, 'b.$&');
const STORED_BLOCKS =
  `SELECT ${PLACE_COLUMNS}, o.bytes, o.digest, e.undo, e.events, e.digest AS effect_digest ` +
  'FROM block b LEFT JOIN body o ON o.seq = b.seq LEFT JOIN effect e ON e.seq = b.seq';

/** A place as the driver gives it. */
interface RawPlace {
  readonly seq: number;
  readonly id: string;
  readonly parent_id: string;
  readonly height: number;
  readonly header: Buffer;
  readonly total_work: string;
  readonly is_on_main: number;
  readonly status: string;
  readonly transaction_count: number;
  readonly size_bytes: number;
  readonly minted: string | null;
  readonly burned: string | null;
  readonly state_root: Buffer | null;
}

interface RawBlock extends RawPlace {
  readonly bytes: Buffer | null;
  readonly digest: Buffer | null;
  readonly undo: Buffer | null;
  readonly events: Buffer | null;
  readonly effect_digest: Buffer | null;
}

/**
 * Opens the chain file: blocks with undo data and events, in one transaction each.
 * @throws AppError `ledger/store-corrupt`, `ledger/store-failed`
 */
export async function openChainStore(
  file: string,
  crypto: CryptoPort,
  driver?: SqliteDriver,
): Promise<ChainStore> {
  // FULL: a block that was acknowledged survives a power cut; at a block a second the extra flush is nothing.
  const location = { url: `sqlite:${file}`, driver };
  const database = await openDatabase(location, {
    entities: CHAIN_ENTITIES,
    durability: 'FULL',
    whenDamaged: CHAIN_DAMAGED_NEXT,
  });
  return new SqliteChainStore(database, crypto);
}

class SqliteChainStore implements ChainStore {
  private readonly writer: Writer;
  private pendingBatch: PendingBatch | undefined;
  /** Ids in the table of waiting transactions, changed with it: most blocks of a sync hold none of them. */
  private waitingIds: Set<string> | undefined;

  constructor(
    private readonly database: OpenDatabase,
    private readonly crypto: CryptoPort,
  ) {
    this.writer = createWriter(database);
  }

  get file(): string {
    return this.database.name;
  }

  async meta(): Promise<ReadonlyMap<string, string>> {
    const rows = await this.read((tx) => tx.find(metaEntity));
    return new Map(rows.map((row) => [row.name, row.value]));
  }

  async writeMeta(entries: Readonly<Record<string, string>>): Promise<void> {
    await this.writer.run((tx) => putMeta(tx, entries));
  }

  async tip(): Promise<BlockId | undefined> {
    return (await this.meta()).get(META.tip) as BlockId | undefined;
  }

  async appendMain(next: readonly Connection[], meta: Readonly<Record<string, string>> = {}): Promise<void> {
    const tip = next.at(-1);
    if (tip === undefined) return;
    await this.writer.run(async (tx) => {
      const firstSeq = (await lastSeq(tx)) + 1;
      for (let at = 0; at < next.length; at += APPEND_ROWS) {
        await this.insertConnections(tx, firstSeq + at, next.slice(at, at + APPEND_ROWS));
      }
      await this.removeWaiting(tx, transactionIds(next));
      await putMeta(tx, { ...meta, [META.tip]: tip.block.id });
    });
    this.forgetWaiting(transactionIds(next));
  }

  async appendSide(block: KnownBlock, totalWork: bigint): Promise<void> {
    const place = blockToPlace(block, totalWork, undefined);
    await this.writer.run(async (tx) => {
      const seq = (await lastSeq(tx)) + 1;
      await tx.insert(blockEntity, { ...place, seq, header: toBuffer(place.header), stateRoot: null });
      const digest = toBuffer(this.crypto.sha256(block.bytes));
      await tx.insert(bodyEntity, { seq, digest, bytes: toBuffer(block.bytes) });
    });
  }

  async switchMain(left: readonly KnownBlock[], joined: readonly Connection[]): Promise<void> {
    await this.writer.run(async (tx) => {
      for (const { id } of left) await tx.update(blockEntity, { id }, { isOnMain: false });
      for (const next of joined) {
        const { id } = next.block;
        const figures = connectionToFigures(next);
        const stateRoot = figures.stateRoot === null ? null : toBuffer(figures.stateRoot);
        await tx.update(blockEntity, { id }, { ...figures, stateRoot, isOnMain: true, status: 'applied' });
        const row = await tx.findOne(blockEntity, { select: { seq: true }, where: { id } });
        if (row?.seq === undefined) throw this.damaged(`block ${id} of the heavier branch is missing`);
        await this.putEffect(tx, row.seq, next);
      }
      await this.putWaiting(
        tx,
        returningTransactions(left, joined).map(({ id, bytes }) => ({ id, bytes: toBuffer(bytes) })),
      );
      await this.removeWaiting(tx, transactionIds(joined));
      const [first] = joined;
      const tip = joined.at(-1);
      if (first === undefined || tip === undefined) return;
      const prunedBelow = Math.min(await prunedHeight(tx), first.block.coinbase.height);
      await putMeta(tx, { [META.tip]: tip.block.id, [META.prunedBelow]: String(prunedBelow) });
    });
    this.forgetWaiting(transactionIds(joined));
  }

  async markInvalid(ids: readonly BlockId[]): Promise<void> {
    await this.writer.run(async (tx) => {
      for (const id of ids) await tx.update(blockEntity, { id }, { status: 'invalid' });
    });
  }

  async *places(): AsyncGenerator<BlockPlace> {
    // In order of insertion parents come first; the rows are read without the entity layer, which costs ten times as much.
    for (let after = 0; ; ) {
      const rows = await this.query<RawPlace>(
        `SELECT ${PLACE_COLUMNS} FROM block b WHERE b.seq > ? ORDER BY b.seq LIMIT ${PLACES_OF_PAGE}`,
        [after],
      );
      for (const row of rows) yield rawToPlace(row);
      const last = rows.at(-1);
      if (last === undefined) return;
      after = last.seq;
    }
  }

  async *mainBlocks(fromHeight = 0): AsyncGenerator<StoredBlock> {
    for (let next = fromHeight; ; ) {
      const sizes = await this.query<{ height: number; size_bytes: number }>(
        `SELECT height, size_bytes FROM block WHERE is_on_main = 1 AND height >= ? ORDER BY height LIMIT ${BLOCKS_OF_PAGE}`,
        [next],
      );
      let bytes = 0;
      const page = sizes.filter(({ size_bytes }, index) => {
        bytes += size_bytes;
        return index === 0 || bytes <= BYTES_OF_PAGE;
      });
      const last = page.at(-1);
      if (last === undefined) return;
      const rows = await this.query<RawBlock>(
        `${STORED_BLOCKS} WHERE b.is_on_main = 1 AND b.height BETWEEN ? AND ? ORDER BY b.height`,
        [next, last.height],
      );
      for (const row of rows) yield this.rawToBlock(row);
      next = last.height + 1;
    }
  }

  async block(id: BlockId): Promise<StoredBlock | undefined> {
    const [row] = await this.query<RawBlock>(`${STORED_BLOCKS} WHERE b.id = ?`, [id]);
    return row && this.rawToBlock(row);
  }

  async body(id: BlockId): Promise<Uint8Array | undefined> {
    const [row] = await this.query<Pick<RawBlock, 'bytes' | 'digest'>>(
      'SELECT o.bytes, o.digest FROM block b LEFT JOIN body o ON o.seq = b.seq WHERE b.id = ?',
      [id],
    );
    return row && this.checkedBody(id, row);
  }

  async pruneEffects(heightExclusive: number): Promise<number> {
    let done = await this.read(prunedHeight);
    let pruned = 0;
    // In small steps, between which blocks are written.
    for (; done < heightExclusive; done = Math.min(heightExclusive, done + PRUNED_AT_ONCE)) {
      const span = [done, Math.min(heightExclusive, done + PRUNED_AT_ONCE)];
      pruned += await this.writer.run(async (tx) => {
        const rows = (await tx.query(
          'SELECT seq FROM effect WHERE seq IN (SELECT seq FROM block WHERE is_on_main IN (0, 1) AND height >= ? AND height < ?)',
          span,
        )) as { seq: number }[];
        if (rows.length > 0) await tx.delete(effectEntity, { seq: In(rows.map(({ seq }) => seq)) });
        await putMeta(tx, { [META.prunedBelow]: String(span[1]) });
        return rows.length;
      });
    }
    return pruned;
  }

  addPending(id: TxId, bytes: Uint8Array): Promise<void> {
    // Those that come while the writer is busy share one transaction, and so one flush to disk.
    this.pendingBatch ??= this.openPendingBatch();
    this.pendingBatch.rows.push({ id, bytes: toBuffer(bytes) });
    return this.pendingBatch.written;
  }

  async removePending(ids: readonly string[]): Promise<void> {
    if (ids.length === 0) return;
    // What comes from here on, one of these again perhaps, is written after this and not by a batch before it.
    this.pendingBatch = undefined;
    await this.writer.run((tx) => this.removeWaiting(tx, ids));
    this.forgetWaiting(ids);
  }

  async pending(): Promise<readonly PendingTransaction[]> {
    const rows = await this.read((tx) => tx.find(pendingEntity, { order: { seq: 'ASC' } }));
    return rows.map((row) => ({ id: row.id, bytes: fromBuffer(row.bytes) }));
  }

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
      if (this.pendingBatch?.rows === rows) this.pendingBatch = undefined;
      await this.putWaiting(tx, rows);
    });
    return { rows, written };
  }

  private async putWaiting(tx: EntityManager, rows: readonly PendingRow[]): Promise<void> {
    const waiting = await this.loadWaitingIds(tx);
    for (let at = 0; at < rows.length; at += INSERT_ROWS) {
      const values = rows.slice(at, at + INSERT_ROWS);
      await tx.createQueryBuilder().insert().into(pendingEntity).values(values).orIgnore().execute();
    }
    // Kept also where the transaction fails: an id too many costs a look, one too few would leave a row for good.
    for (const { id } of rows) waiting.add(id);
  }

  private async removeWaiting(tx: EntityManager, ids: readonly string[]): Promise<void> {
    const waiting = await this.loadWaitingIds(tx);
    const gone = ids.filter((id) => waiting.has(id));
    for (let at = 0; at < gone.length; at += INSERT_ROWS) {
      const page = gone.slice(at, at + INSERT_ROWS);
      await tx.query(`DELETE FROM pending WHERE id IN (${page.map(() => '?').join()})`, page);
    }
  }

  /** Only once that is committed. */
  private forgetWaiting(ids: readonly string[]): void {
    for (const id of ids) this.waitingIds?.delete(id);
  }

  private async loadWaitingIds(tx: EntityManager): Promise<Set<string>> {
    if (this.waitingIds === undefined) {
      const rows = (await tx.query('SELECT id FROM pending')) as { id: string }[];
      this.waitingIds = new Set(rows.map(({ id }) => id));
    }
    return this.waitingIds;
  }

  /** Without the entity layer, which costs more than a small block's whole validation. */
  private async insertConnections(
    tx: EntityManager,
    firstSeq: number,
    batch: readonly Connection[],
  ): Promise<void> {
    const places: unknown[] = [];
    const bodies: unknown[] = [];
    const effects: unknown[] = [];
    for (const [index, next] of batch.entries()) {
      const seq = firstSeq + index;
      const place = blockToPlace(next.block, next.totalWork, next);
      places.push(seq, place.id, place.parentId, place.height, toBuffer(place.header), place.totalWork);
      places.push(1, place.status, place.transactionCount, place.sizeBytes, place.minted, place.burned);
      places.push(place.stateRoot && toBuffer(place.stateRoot));
      const { bytes } = next.block;
      bodies.push(seq, toBuffer(this.crypto.sha256(bytes)), toBuffer(bytes));
      const effect = connectionToEffect(next);
      const digest = toBuffer(effectDigest(this.crypto, effect));
      effects.push(seq, digest, toBuffer(effect.undo), toBuffer(effect.events));
    }
    const rows = (columns: number) => new Array(batch.length).fill(`(${'?,'.repeat(columns).slice(0, -1)})`);
    await tx.query(`INSERT INTO block (${PLACE_NAMES}) VALUES ${rows(13).join()}`, places);
    await tx.query(`INSERT INTO body (seq, digest, bytes) VALUES ${rows(3).join()}`, bodies);
    await tx.query(`INSERT INTO effect (seq, digest, undo, events) VALUES ${rows(4).join()}`, effects);
  }

  private async putEffect(tx: EntityManager, seq: number, joining: Connection): Promise<void> {
    const effect = connectionToEffect(joining);
    const digest = toBuffer(effectDigest(this.crypto, effect));
    await tx.delete(effectEntity, { seq });
    await tx.insert(effectEntity, {
      seq,
      digest,
      undo: toBuffer(effect.undo),
      events: toBuffer(effect.events),
    });
  }

  private rawToBlock(row: RawBlock): StoredBlock {
    const bytes = this.checkedBody(row.id, row);
    return { ...rawToPlace(row), bytes, ...this.checkedEffect(row) };
  }

  private checkedBody(id: string, { bytes, digest }: Pick<RawBlock, 'bytes' | 'digest'>): Uint8Array {
    if (bytes === null || digest === null) throw this.damaged(`the body of block ${id} is missing`);
    const body = fromBuffer(bytes);
    if (!equalBytes(this.crypto.sha256(body), fromBuffer(digest))) {
      throw this.damaged(`the stored bytes of block ${id} do not match their digest`);
    }
    return body;
  }

  /** Damaged ones count as pruned: the law makes them again from the body. */
  private checkedEffect(row: RawBlock): Pick<StoredBlock, 'undo' | 'events'> {
    const none = { undo: undefined, events: undefined };
    if (row.undo === null || row.events === null || row.effect_digest === null) return none;
    const effect = { undo: fromBuffer(row.undo), events: fromBuffer(row.events) };
    const isWhole = equalBytes(effectDigest(this.crypto, effect), fromBuffer(row.effect_digest));
    return isWhole ? effect : none;
  }

  private async query<T>(statement: string, parameters: readonly unknown[]): Promise<T[]> {
    return this.read((tx) => tx.query(statement, [...parameters]) as Promise<T[]>);
  }

  private async read<T>(query: (tx: EntityManager) => Promise<T>): Promise<T> {
    try {
      return await query(this.database.reading.manager);
    } catch (error) {
      throw storeFailure(this.database, error);
    }
  }
}

function rawToPlace(row: RawPlace): BlockPlace {
  return {
    id: row.id as BlockId,
    parentId: row.parent_id as BlockId,
    height: row.height,
    header: fromBuffer(row.header),
    totalWork: row.total_work,
    isOnMain: row.is_on_main === 1,
    status: row.status as BlockStatus,
    transactionCount: row.transaction_count,
    sizeBytes: row.size_bytes,
    minted: row.minted,
    burned: row.burned,
    stateRoot: row.state_root === null ? null : fromBuffer(row.state_root),
  };
}

/** Answers 0 where there is no block. */
async function lastSeq(tx: EntityManager): Promise<number> {
  const [row] = (await tx.query('SELECT max(seq) AS seq FROM block')) as { seq: number | null }[];
  return row?.seq ?? 0;
}

function transactionIds(joined: readonly Connection[]): string[] {
  return joined.flatMap(({ block }) => block.transactions.map(({ id }) => id));
}

/** Below it no block has an effect. */
async function prunedHeight(tx: EntityManager): Promise<number> {
  return Number((await tx.findOneBy(metaEntity, { name: META.prunedBelow }))?.value ?? 0);
}

async function putMeta(tx: EntityManager, entries: Readonly<Record<string, string>>): Promise<void> {
  const rows = Object.entries(entries).map(([name, value]) => ({ name, value }));
  await tx.upsert(metaEntity, rows, ['name']);
}

function toBuffer(source: Uint8Array): Buffer {
  return Buffer.from(source.buffer, source.byteOffset, source.byteLength);
}

/** A plain view: a Buffer's `slice` shares memory where the codec expects a copy. */
function fromBuffer(source: Uint8Array): Uint8Array {
  return new Uint8Array(source.buffer, source.byteOffset, source.byteLength);
}
