import { type EntityManager, IsNull, MoreThanOrEqual } from 'typeorm';
import { type BlockId, decodeBlock, type Law, type LawEvent } from '#chain';
import { AppError } from '#errors';
import type { BlockNode, BlockTree } from '../chain/block-tree.js';
import type { ChainStore, StoredBlock } from '../storage/chain-store.js';
import type { OpenDatabase } from '../storage/data-sources.js';
import type { StateSnapshots } from '../storage/state-snapshots.js';
import { createWriter, type Writer } from '../storage/writer.js';
import { blockToRows, emptyRows, heightKey, type IndexRows } from './block-to-rows.js';
import { EventReplay } from './event-replay.js';
import {
  contractEntity,
  EXPLORER_ROLE,
  holderEntity,
  indexTipEntity,
  objectEventEntity,
  postingEntity,
  transactionEntity,
} from './explorer-entities.js';
import { insertRows } from './insert-rows.js';
import { writeContracts } from './write-contracts.js';

/** Most blocks of one batch, and the rows after which a batch is written earlier. */
const BATCH_BLOCKS = 200;
const BATCH_ROWS = 20_000;
const TIP_ROW = 1;
/** How long the index waits at most for a moment without blocks before it takes one batch in between. */
const MAX_REST_MS = 10_000;

export interface IndexFollowerOptions {
  readonly law: Law;
  readonly store: ChainStore;
  readonly tree: BlockTree;
  readonly database: OpenDatabase;
  /** Resolves when no block is under way, or after the time given. Default: at once. */
  readonly rest?: (timeoutMs: number) => Promise<void>;
  /** Where events that were pruned are made again from. */
  readonly snapshots?: StateSnapshots | undefined;
  /** Told when the index cannot follow; the next block tries again. */
  readonly onError: (error: unknown) => void;
}

/** Follows the main chain into the explorer's tables, apart from the block path, and takes abandoned blocks back. */
export class IndexFollower {
  private readonly writer: Writer;
  private readonly replay: EventReplay;
  private at: BlockNode | undefined;
  private running: Promise<void> | undefined;
  private isAgain = false;
  private isClosed = false;
  private hasStartedOver = false;
  private endRest: () => void = () => undefined;
  private readonly closing = new Promise<void>((resolve) => {
    this.endRest = resolve;
  });
  private waiting: { readonly height: number; readonly resolve: () => void }[] = [];

  private constructor(private readonly options: IndexFollowerOptions) {
    this.writer = createWriter(options.database);
    this.replay = new EventReplay(options);
  }

  /** Finds out how far the index is; one of another chain is emptied. */
  static async open(options: IndexFollowerOptions): Promise<IndexFollower> {
    const follower = new IndexFollower(options);
    const row = await options.database.reading.manager.findOneBy(indexTipEntity, { id: TIP_ROW });
    const node = row === null ? undefined : options.tree.get(row.blockId as BlockId);
    if (row !== null && (node === undefined || row.genesis !== follower.genesisId)) await follower.empty();
    follower.at = node;
    return follower;
  }

  /** Height of the last block in the index, -1 when it is empty. */
  get height(): number {
    return this.at?.height ?? -1;
  }

  /** Starts following, or makes sure that a run under way sees the newest block. */
  wake(): void {
    if (this.isClosed) return;
    this.isAgain = true;
    this.running ??= this.run().finally(() => {
      this.running = undefined;
    });
  }

  /** Resolves once the index has reached the tip of this moment, at once where it lags by more, or after the time given. */
  async reached(timeoutMs: number, maxLagBlocks = Number.POSITIVE_INFINITY): Promise<void> {
    const { tip } = this.options.tree;
    if (this.at === tip || this.isClosed) return;
    this.wake();
    if (tip.height - this.height > maxLagBlocks) return;
    await new Promise<void>((resolve) => {
      const waiter = { height: tip.height, resolve: () => done() };
      const timer = setTimeout(() => {
        // An index that never gets there must not gather everybody who ever asked.
        this.waiting = this.waiting.filter((other) => other !== waiter);
        resolve();
      }, timeoutMs);
      const done = (): void => {
        clearTimeout(timer);
        resolve();
      };
      this.waiting.push(waiter);
    });
  }

  async close(): Promise<void> {
    this.isClosed = true;
    this.endRest();
    await this.running;
    await this.writer.idle();
    for (const { resolve } of this.waiting.splice(0)) resolve();
  }

  private async run(): Promise<void> {
    try {
      while (this.isAgain && !this.isClosed) {
        this.isAgain = false;
        while (this.at !== this.options.tree.tip && !this.isClosed) await this.step();
        this.tell();
      }
    } catch (error) {
      this.options.onError(error);
      if (isContradiction(error)) await this.startOver();
    }
  }

  /** Rows that contradict each other are thrown away, once in a life: the index holds nothing that the blocks do not give. */
  private async startOver(): Promise<void> {
    if (this.hasStartedOver) return;
    this.hasStartedOver = true;
    try {
      await this.empty();
      this.at = undefined;
      setImmediate(() => this.wake());
    } catch (error) {
      this.options.onError(error);
    }
  }

  private async step(): Promise<void> {
    const { tree, store, rest } = this.options;
    // Blocks come first: while they keep coming the index falls behind, and says so.
    if (rest !== undefined) await Promise.race([rest(MAX_REST_MS), this.closing]);
    if (this.isClosed) return;
    if (this.at !== undefined && !tree.isOnMain(this.at)) {
      const fork = tree.branchTo(this.at)[0]?.parent as BlockNode;
      await this.writer.run(async (tx) => {
        await revertTo(tx, heightKey(fork.height + 1));
        await this.writeTip(tx, fork);
      });
      this.at = fork;
    }
    const rows = emptyRows();
    let last = this.at;
    let count = 0;
    for await (const stored of store.mainBlocks(this.height + 1)) {
      const node = tree.mainAt(stored.height);
      // The main chain moved while it was read: what was read so far still stands, the rest comes with the next step.
      if (node === undefined || node.id !== stored.id || node.parent !== last) break;
      this.addRows(stored, await this.replay.events(stored), rows);
      last = node;
      count += 1;
      if (count >= BATCH_BLOCKS || rows.postings.length >= BATCH_ROWS) break;
    }
    if (last === undefined || last === this.at) return;
    const reachedNode = last;
    await this.writer.run(async (tx) => {
      await writeRows(tx, rows);
      await this.writeTip(tx, reachedNode);
    });
    this.at = reachedNode;
    this.tell();
  }

  private addRows(stored: StoredBlock, events: readonly LawEvent[], rows: IndexRows): void {
    const { law, store } = this.options;
    const block = decodeBlock(law, stored.bytes);
    if (!block.ok) throw store.damaged(`block ${stored.id} does not decode (${block.violation.rule})`);
    blockToRows(block.value, events, rows);
  }

  private tell(): void {
    const done = this.waiting.filter(
      ({ height }) => height <= this.height || this.at === this.options.tree.tip,
    );
    this.waiting = this.waiting.filter((waiter) => !done.includes(waiter));
    for (const { resolve } of done) resolve();
  }

  private get genesisId(): string {
    const genesis = this.options.tree.mainAt(0);
    if (genesis === undefined)
      throw new AppError({ code: 'ledger/closed', message: 'the chain is not loaded' });
    return genesis.id;
  }

  private async empty(): Promise<void> {
    await this.writer.run(async (tx) => {
      for (const entity of EXPLORER_ROLE.entities) await tx.clear(entity);
    });
  }

  private async writeTip(tx: EntityManager, node: BlockNode): Promise<void> {
    const row = { id: TIP_ROW, blockId: node.id, height: node.height, genesis: this.genesisId };
    await tx.upsert(indexTipEntity, row, ['id']);
  }
}

/** A row that is there already, or not there though another one says so: no page is damaged, and yet it is wrong. */
function isContradiction(error: unknown): boolean {
  return error instanceof AppError && error.data['reason'] === 'SQLITE_CONSTRAINT';
}

/** Takes back everything from a key on. */
async function revertTo(tx: EntityManager, fromKey: number): Promise<void> {
  const gone = MoreThanOrEqual(fromKey);
  await tx.delete(transactionEntity, { key: gone });
  await tx.delete(postingEntity, { key: gone });
  await tx.delete(objectEventEntity, { key: gone });
  await tx.delete(holderEntity, { addedKey: gone });
  await tx.update(holderEntity, { droppedKey: gone }, { droppedKey: null });
  await tx.delete(contractEntity, { key: gone });
  await tx.update(contractEntity, { failedKey: gone }, { failedKey: null, status: 'active' });
  // What is settled no more failed before, or went on to be active.
  await tx.update(
    contractEntity,
    { settledKey: gone, failedKey: IsNull() },
    { settledKey: null, status: 'active' },
  );
  await tx.update(contractEntity, { settledKey: gone }, { settledKey: null, status: 'failed' });
}

async function writeRows(tx: EntityManager, rows: IndexRows): Promise<void> {
  await insertRows(tx, transactionEntity, rows.transactions);
  await insertRows(tx, postingEntity, rows.postings);
  await insertRows(tx, objectEventEntity, rows.objectEvents);
  await writeContracts(tx, rows.contracts, rows.fragments);
  for (const { id, failedKey } of rows.failures)
    await tx.update(contractEntity, { id }, { failedKey, status: 'failed' });
  for (const { id, status, settledKey } of rows.settlements) {
    await tx.update(contractEntity, { id }, { status, settledKey });
  }
}
