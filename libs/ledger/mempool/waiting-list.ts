import type { AccountId, KnownTransaction, Pot, TxId } from '#chain';
import { FeeHistogram } from './fee-histogram.js';
import type { Footprint } from './pool-view.js';

/** A waiting transaction. */
export interface Entry {
  readonly known: KnownTransaction;
  /** Lane and sequence, or its kind's unique key: of those with one slot only one can be in the chain. */
  readonly slot: string;
  readonly addedAtHeight: number;
  /** Rises with every entry: the order in which they apply. */
  readonly order: number;
  readonly footprint: Footprint;
}

/** The waiting transactions in the order they apply, and every way to find them. */
export class WaitingList {
  private readonly entries = new Map<TxId, Entry>();
  private readonly bySlot = new Map<string, TxId>();
  private readonly byObject = new Map<string, Set<Entry>>();
  private readonly byDebitedPot = new Map<Pot, Set<Entry>>();
  private readonly byHeight = new Map<number, Set<Entry>>();
  private readonly byAccount = new Map<AccountId, number>();
  /** Those on which every block must be asked again. */
  private readonly heightBound = new Set<Entry>();
  private readonly potBound = new Map<Pot, Set<Entry>>();
  readonly fees = new FeeHistogram();
  private bytes = 0;

  get size(): number {
    return this.entries.size;
  }

  get sizeBytes(): number {
    return this.bytes;
  }

  get(id: TxId): Entry | undefined {
    return this.entries.get(id);
  }

  has(id: TxId): boolean {
    return this.entries.has(id);
  }

  inOrder(): IterableIterator<Entry> {
    return this.entries.values();
  }

  inSlot(slot: string): Entry | undefined {
    const id = this.bySlot.get(slot);
    return id === undefined ? undefined : this.entries.get(id);
  }

  countOf(account: AccountId): number {
    return this.byAccount.get(account) ?? 0;
  }

  touching(object: string): Iterable<Entry> {
    return this.byObject.get(object) ?? [];
  }

  debiting(pot: Pot): Iterable<Entry> {
    return this.byDebitedPot.get(pot) ?? [];
  }

  /** Those whose verdict hung on the very balance of a pot. */
  reading(pot: Pot): Iterable<Entry> {
    return this.potBound.get(pot) ?? [];
  }

  boundToHeight(): Iterable<Entry> {
    return this.heightBound;
  }

  /** Those added at a height or before. */
  *addedUpTo(height: number): Iterable<Entry> {
    for (const [addedAt, entries] of this.byHeight) if (addedAt <= height) yield* entries;
  }

  add(entry: Entry): void {
    const { known, footprint } = entry;
    this.entries.set(known.id, entry);
    this.bySlot.set(entry.slot, known.id);
    for (const object of footprint.touched) addTo(this.byObject, object, entry);
    for (const pot of footprint.debits.keys()) addTo(this.byDebitedPot, pot, entry);
    for (const pot of footprint.readPots) addTo(this.potBound, pot, entry);
    addTo(this.byHeight, entry.addedAtHeight, entry);
    if (footprint.isHeightBound) this.heightBound.add(entry);
    this.byAccount.set(known.account, this.countOf(known.account) + 1);
    this.bytes += known.bytes.length;
    this.fees.add(known);
  }

  remove(entry: Entry): void {
    const { known, footprint } = entry;
    this.entries.delete(known.id);
    if (this.bySlot.get(entry.slot) === known.id) this.bySlot.delete(entry.slot);
    for (const object of footprint.touched) removeFrom(this.byObject, object, entry);
    for (const pot of footprint.debits.keys()) removeFrom(this.byDebitedPot, pot, entry);
    for (const pot of footprint.readPots) removeFrom(this.potBound, pot, entry);
    removeFrom(this.byHeight, entry.addedAtHeight, entry);
    this.heightBound.delete(entry);
    const left = this.countOf(known.account) - 1;
    if (left > 0) this.byAccount.set(known.account, left);
    else this.byAccount.delete(known.account);
    this.bytes -= known.bytes.length;
    this.fees.remove(known);
  }
}

function addTo<K>(index: Map<K, Set<Entry>>, key: K, entry: Entry): void {
  const entries = index.get(key);
  if (entries === undefined) index.set(key, new Set([entry]));
  else entries.add(entry);
}

function removeFrom<K>(index: Map<K, Set<Entry>>, key: K, entry: Entry): void {
  const entries = index.get(key);
  entries?.delete(entry);
  if (entries?.size === 0) index.delete(key);
}
