import type { KnownTransaction } from '#chain';
import type { Result } from '#errors';
import type { Mempool } from './mempool/mempool.js';

/** Where waiting transactions are kept, so that a restart does not lose what was acknowledged. */
export interface PendingStore {
  addPending(id: KnownTransaction['id'], bytes: Uint8Array): Promise<void>;
  removePending(ids: readonly string[]): Promise<void>;
}

/** The one way into the pool, for people and for peers: judged, kept on disk, told. */
export class TransactionIntake {
  private readonly listeners = new Set<(known: KnownTransaction) => void>();
  /** Waiting transactions that are not on disk, or not yet: not acknowledged, to whomever, before they are. */
  private readonly unwritten = new Set<KnownTransaction['id']>();

  constructor(
    private readonly mempool: Mempool,
    private readonly store: PendingStore,
  ) {}

  /** Takes a transaction in, or says which rule keeps it out. @throws AppError `ledger/store-failed` */
  async submit(
    bytes: Uint8Array,
  ): Promise<Result<{ readonly known: KnownTransaction; readonly isNew: boolean }>> {
    const result = await this.mempool.submit(bytes);
    if (!result.ok) return result;
    const { known, isNew } = result.value;
    if (!isNew && !this.unwritten.has(known.id)) return result;
    this.markUnwritten(known.id);
    await this.store.addPending(known.id, known.bytes);
    const isFirst = this.unwritten.delete(known.id);
    // A block may have taken it while it was written.
    if (this.mempool.get(known.id) === undefined) await this.store.removePending([known.id]);
    if (isFirst) for (const listener of this.listeners) listener(known);
    return result;
  }

  private markUnwritten(id: KnownTransaction['id']): void {
    this.unwritten.add(id);
    if (this.unwritten.size <= this.mempool.count) return;
    // With a full disk they come and go unwritten.
    for (const each of this.unwritten) if (this.mempool.get(each) === undefined) this.unwritten.delete(each);
  }

  /** Is told of every transaction that was taken in; returns how to stop that. */
  onTransaction(listener: (known: KnownTransaction) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }
}
