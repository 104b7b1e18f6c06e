import { type BlockId, encodeDiff, type KnownBlock, type TxId } from '#chain';
import { AppError } from '#errors';
import { blockToPlace, connectionToFigures, returningTransactions } from './block-record.js';
import type { BlockPlace, ChainStore, Connection, PendingTransaction, StoredBlock } from './chain-store.js';
import { encodeEvents } from './event-codec.js';

interface Entry {
  place: BlockPlace;
  readonly block: KnownBlock;
  joining: Connection | undefined;
}

/** Simulations and tests of rules: no disk. It outlives `close`, as a file does: open a ledger on it again. */
export function createMemoryChainStore(name = 'memory'): ChainStore {
  return new MemoryChainStore(name);
}

class MemoryChainStore implements ChainStore {
  private readonly facts = new Map<string, string>();
  private readonly entries = new Map<BlockId, Entry>();
  /** Ids of the main chain by height. */
  private readonly main: BlockId[] = [];
  private readonly waiting = new Map<string, Uint8Array>();

  constructor(readonly file: string) {}

  async meta(): Promise<ReadonlyMap<string, string>> {
    return new Map(this.facts);
  }

  async writeMeta(entries: Readonly<Record<string, string>>): Promise<void> {
    for (const [name, value] of Object.entries(entries)) this.facts.set(name, value);
  }

  async tip(): Promise<BlockId | undefined> {
    return this.main.at(-1);
  }

  async appendMain(next: readonly Connection[], meta: Readonly<Record<string, string>> = {}): Promise<void> {
    this.checkNew(next.map(({ block }) => block));
    for (const joining of next) {
      const { block, totalWork } = joining;
      this.entries.set(block.id, { place: blockToPlace(block, totalWork, joining), block, joining });
      this.main.push(block.id);
      for (const { id } of block.transactions) this.waiting.delete(id);
    }
    await this.writeMeta(meta);
  }

  async appendSide(block: KnownBlock, totalWork: bigint): Promise<void> {
    this.checkNew([block]);
    const place = blockToPlace(block, totalWork, undefined);
    this.entries.set(block.id, { place, block, joining: undefined });
  }

  async switchMain(left: readonly KnownBlock[], joined: readonly Connection[]): Promise<void> {
    for (const { id } of left) this.change(id, { isOnMain: false });
    this.main.length -= left.length;
    for (const next of joined) {
      const { id } = next.block;
      this.change(id, { ...connectionToFigures(next), isOnMain: true, status: 'applied' });
      this.entry(id).joining = next;
      this.main.push(id);
    }
    for (const { id, bytes } of returningTransactions(left, joined)) await this.addPending(id as TxId, bytes);
    for (const { block } of joined) for (const { id } of block.transactions) this.waiting.delete(id);
  }

  async markInvalid(ids: readonly BlockId[]): Promise<void> {
    for (const id of ids) this.change(id, { status: 'invalid' });
  }

  async *places(): AsyncGenerator<BlockPlace> {
    for (const { place } of [...this.entries.values()]) yield place;
  }

  async *mainBlocks(fromHeight = 0): AsyncGenerator<StoredBlock> {
    for (let height = fromHeight; height < this.main.length; height++) {
      yield toStored(this.entry(this.main[height] as BlockId));
    }
  }

  async block(id: BlockId): Promise<StoredBlock | undefined> {
    const entry = this.entries.get(id);
    return entry && toStored(entry);
  }

  async body(id: BlockId): Promise<Uint8Array | undefined> {
    return this.entries.get(id)?.block.bytes;
  }

  async pruneEffects(heightExclusive: number): Promise<number> {
    let pruned = 0;
    for (const entry of this.entries.values()) {
      if (entry.place.height >= heightExclusive || entry.joining === undefined) continue;
      entry.joining = undefined;
      pruned += 1;
    }
    return pruned;
  }

  async addPending(id: TxId, bytes: Uint8Array): Promise<void> {
    if (!this.waiting.has(id)) this.waiting.set(id, bytes);
  }

  async removePending(ids: readonly string[]): Promise<void> {
    for (const id of ids) this.waiting.delete(id);
  }

  async pending(): Promise<readonly PendingTransaction[]> {
    return [...this.waiting].map(([id, bytes]) => ({ id, bytes }));
  }

  damaged(what: string): AppError {
    const message = `the blocks in ${this.file} contradict themselves: ${what}`;
    return new AppError({ code: 'ledger/store-corrupt', message, data: { file: this.file, what } });
  }

  async close(): Promise<void> {}

  private checkNew(blocks: readonly KnownBlock[]): void {
    for (const { id } of blocks) if (this.entries.has(id)) throw this.damaged(`block ${id} is stored twice`);
  }

  private entry(id: BlockId): Entry {
    const entry = this.entries.get(id);
    if (entry === undefined) throw this.damaged(`block ${id} is missing`);
    return entry;
  }

  private change(id: BlockId, changes: Partial<BlockPlace>): void {
    const entry = this.entry(id);
    entry.place = { ...entry.place, ...changes };
  }
}

/** Encoded only when asked for: a simulation of many nodes appends far more often than it reads back. */
function toStored({ place, block, joining }: Entry): StoredBlock {
  return {
    ...place,
    bytes: block.bytes,
    undo: joining && encodeDiff(joining.applied.diff),
    events: joining && encodeEvents(joining.applied.events),
  };
}
