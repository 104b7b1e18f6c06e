import {
  BlockView,
  BURN,
  MINT,
  type Namespace,
  type Pot,
  potSpace,
  type StateReader,
  type ViewContext,
} from '#chain';
import { assertInvariant, type Violation } from '#errors';

/** What one waiting transaction does to the pool's view, and what its validity hangs on. */
export interface Footprint {
  /** Objects read or written, by `objectKey`. */
  readonly touched: ReadonlySet<string>;
  /** The last value written to each; undefined where the object was removed. */
  readonly writes: ReadonlyMap<string, unknown>;
  /** What pots gain or lose. */
  readonly deltas: ReadonlyMap<Pot, bigint>;
  /** What is taken out of pots: how much they must have held. */
  readonly debits: ReadonlyMap<Pot, bigint>;
  readonly credited: ReadonlySet<Pot>;
  /** Pots whose balance was looked at for more than whether it suffices. */
  readonly readPots: ReadonlySet<Pot>;
  /** Whether the height or a block id was looked at: every block may change the verdict. */
  readonly isHeightBound: boolean;
}

interface Recording {
  touched: Set<string>;
  writes: Map<string, unknown>;
  deltas: Map<Pot, bigint>;
  debits: Map<Pot, bigint>;
  credited: Set<Pot>;
  readPots: Set<Pot>;
  isHeightBound: boolean;
}

interface Writer {
  readonly owner: string;
  readonly value: unknown;
}

/** An object of the state as one string. */
export function objectKey(space: Pick<Namespace<unknown>, 'code'>, key: string): string {
  return `${space.code}/${key}`;
}

/**
 * The state after the tip with every waiting transaction applied, from which single transactions can be taken out
 * again. Coins are kept as sums of gains and losses over the live state, objects as the list of those who wrote them,
 * so that a new block costs what it changed and not what waits. Each transaction's footprint is recorded by watching
 * the law apply it.
 */
export class PoolView extends BlockView {
  private readonly writers = new Map<string, Writer[]>();
  private readonly deltas = new Map<Pot, bigint>();
  private readonly debits = new Map<Pot, bigint>();
  private recording: Recording | undefined;

  constructor(
    private readonly state: StateReader,
    context: ViewContext,
  ) {
    // Getters: looking at the height or at a block id is part of the footprint.
    let view: PoolView | undefined;
    super(state, {
      params: context.params,
      crypto: context.crypto,
      get height() {
        view?.heightSeen();
        return context.height;
      },
      blockIdAt(height) {
        view?.heightSeen();
        return context.blockIdAt(height);
      },
    });
    view = this;
  }

  /** Applies a change under an owner's name; a violation leaves no trace. */
  record(owner: string, change: () => Violation | undefined): Footprint | { readonly violation: Violation } {
    const footprint = this.tryOut(change);
    if ('violation' in footprint) return footprint;
    for (const [key, value] of footprint.writes) {
      const list = this.writers.get(key);
      if (list === undefined) this.writers.set(key, [{ owner, value }]);
      else list.push({ owner, value });
    }
    for (const [pot, delta] of footprint.deltas) addTo(this.deltas, pot, delta);
    for (const [pot, debit] of footprint.debits) addTo(this.debits, pot, debit);
    return footprint;
  }

  /** What a change would do, without keeping it. */
  tryOut(change: () => Violation | undefined): Footprint | { readonly violation: Violation } {
    assertInvariant(this.recording === undefined, 'one transaction is applied at a time');
    const recording = newRecording();
    this.recording = recording;
    try {
      const violation = change();
      return violation === undefined ? recording : { violation };
    } finally {
      this.recording = undefined;
    }
  }

  /** Takes an owner's changes out. Whoever built on them must be taken out too, or be known to hold without. */
  forget(owner: string, footprint: Footprint): void {
    for (const key of footprint.writes.keys()) {
      const left = this.writers.get(key)?.filter((writer) => writer.owner !== owner) ?? [];
      if (left.length === 0) this.writers.delete(key);
      else this.writers.set(key, left);
    }
    for (const [pot, delta] of footprint.deltas) addTo(this.deltas, pot, -delta);
    for (const [pot, debit] of footprint.debits) addTo(this.debits, pot, -debit);
  }

  /** Whether an owner wrote an object before everybody else who waits. */
  isFirstWriter(owner: string, key: string): boolean {
    return this.writers.get(key)?.[0]?.owner === owner;
  }

  /** Whether what a pot holds in the state covers all that is waiting to be taken out of it, credits left aside. */
  isAmple(pot: Pot): boolean {
    return (this.state.get(potSpace, pot) ?? 0n) >= (this.debits.get(pot) ?? 0n);
  }

  override get<V>(space: Namespace<V>, key: string): V | undefined {
    if (space.code === potSpace.code) {
      this.recording?.readPots.add(key as Pot);
      const held = this.held(key as Pot);
      return (held === 0n ? undefined : held) as V | undefined;
    }
    const object = objectKey(space, key);
    this.recording?.touched.add(object);
    if (this.recording?.writes.has(object)) return this.recording.writes.get(object) as V | undefined;
    const list = this.writers.get(object);
    return list === undefined ? this.state.get(space, key) : (list.at(-1)?.value as V | undefined);
  }

  override put<V>(space: Namespace<V>, key: string, value: V): void {
    this.write(space, key, value);
  }

  override remove<V>(space: Namespace<V>, key: string): void {
    this.write(space, key, undefined);
  }

  override balance(pot: Pot): bigint {
    this.recording?.readPots.add(pot);
    return this.held(pot);
  }

  override move(from: Pot, to: Pot, amount: bigint, reason: string): Violation | undefined {
    const { recording } = this;
    assertInvariant(recording !== undefined, 'coins move in a transaction only');
    assertInvariant(
      amount >= 0n && from !== to && from !== BURN && to !== MINT,
      `bad posting ${from} -> ${to}`,
    );
    if (amount === 0n) return undefined;
    if (from !== MINT) {
      const held = this.held(from);
      // What was refused hung on this pot too, but a refused transaction does not wait.
      if (held < amount) return { rule: 'coins/too-little', pot: from, held, needed: amount, reason };
      addTo(recording.deltas, from, -amount);
      addTo(recording.debits, from, amount);
    }
    if (to !== BURN) {
      addTo(recording.deltas, to, amount);
      recording.credited.add(to);
    }
    return undefined;
  }

  /** Nobody reads the events of transactions that only wait. */
  override emit(): void {}

  override attempt(change: () => Violation | undefined): Violation | undefined {
    const { recording } = this;
    assertInvariant(recording !== undefined, 'a pool view applies transactions by record or tryOut');
    const before = { writes: new Map(recording.writes), deltas: new Map(recording.deltas) };
    const debits = new Map(recording.debits);
    const violation = change();
    // What was looked at stays noted: the refusal hung on it.
    if (violation !== undefined) Object.assign(recording, before, { debits });
    return violation;
  }

  private held(pot: Pot): bigint {
    const waiting = (this.deltas.get(pot) ?? 0n) + (this.recording?.deltas.get(pot) ?? 0n);
    return (this.state.get(potSpace, pot) ?? 0n) + waiting;
  }

  private write(space: Namespace<unknown>, key: string, value: unknown): void {
    const { recording } = this;
    assertInvariant(recording !== undefined && space.code !== potSpace.code, 'coins move by postings only');
    const object = objectKey(space, key);
    recording.touched.add(object);
    recording.writes.set(object, value);
  }

  private heightSeen(): void {
    if (this.recording !== undefined) this.recording.isHeightBound = true;
  }
}

function newRecording(): Recording {
  return {
    touched: new Set(),
    writes: new Map(),
    deltas: new Map(),
    debits: new Map(),
    credited: new Set(),
    readPots: new Set(),
    isHeightBound: false,
  };
}

function addTo(sums: Map<Pot, bigint>, pot: Pot, amount: bigint): void {
  const sum = (sums.get(pot) ?? 0n) + amount;
  if (sum === 0n) sums.delete(pot);
  else sums.set(pot, sum);
}
