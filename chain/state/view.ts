import type { CryptoPort } from '#crypto';
import { assertInvariant, type Violation } from '#errors';
import type { NetworkParams } from '../params/network-params.js';
import type { BlockId } from '../primitives/ids.js';
import { assertKey, type Change, compareChanges, type StateDiff } from './diff.js';
import type { LawEvent } from './events.js';
import type { Namespace, StateReader } from './namespace.js';
import { BURN, MINT, type Pot, potSpace } from './pots.js';

/** What the rules know besides the state: plain values, no clock and no disk. */
export interface ViewContext {
  readonly params: NetworkParams;
  readonly crypto: CryptoPort;
  /** Height of the block being applied. */
  readonly height: number;
  /** Ids of recent ancestors by height (at least the last 2 * epochBlocks), from the supplement. */
  blockIdAt(height: number): BlockId | undefined;
}

interface Cell {
  readonly space: Namespace<unknown>;
  readonly key: string;
  readonly before: unknown;
  after: unknown;
}

/**
 * The state as the block being applied changes it: an overlay over the parent's state with checkpoints, so that a
 * refused transaction leaves no trace. Coins move only through `move`.
 */
export class BlockView {
  /** By namespace code, then key. */
  private readonly cells = new Map<number, Map<string, Cell>>();
  private journal: { cell: Cell; previous: unknown }[] = [];
  private readonly eventLog: LawEvent[] = [];

  constructor(
    private readonly base: StateReader,
    readonly context: ViewContext,
  ) {}

  get params(): NetworkParams {
    return this.context.params;
  }

  get height(): number {
    return this.context.height;
  }

  get crypto(): CryptoPort {
    return this.context.crypto;
  }

  get events(): readonly LawEvent[] {
    return this.eventLog;
  }

  get<V>(space: Namespace<V>, key: string): V | undefined {
    const cell = this.cells.get(space.code)?.get(key);
    return (cell === undefined ? this.base.get(space, key) : cell.after) as V | undefined;
  }

  put<V>(space: Namespace<V>, key: string, value: V): void {
    this.set(space, key, value);
  }

  remove<V>(space: Namespace<V>, key: string): void {
    this.set(space, key, undefined);
  }

  balance(pot: Pot): bigint {
    return this.get(potSpace, pot) ?? 0n;
  }

  /**
   * Moves coins from one pot to another. Too little in the source is a violation; `reason` says why the coins moved
   * and `subject` which contract or transaction it was about.
   */
  move(from: Pot, to: Pot, amount: bigint, reason: string, subject: string): Violation | undefined {
    assertInvariant(
      amount >= 0n && from !== to && from !== BURN && to !== MINT,
      `bad posting ${from} -> ${to} ${amount}`,
    );
    if (amount === 0n) return undefined;
    if (from !== MINT) {
      const held = this.balance(from);
      if (held < amount) return { rule: 'coins/too-little', pot: from, held, needed: amount, reason };
      if (held === amount) this.remove(potSpace, from);
      else this.put(potSpace, from, held - amount);
    }
    if (to !== BURN) this.put(potSpace, to, this.balance(to) + amount);
    this.emit({ type: 'posting', from, to, amount, reason, subject });
    return undefined;
  }

  /** Moves coins that our own bookkeeping guarantees to be there. */
  mustMove(from: Pot, to: Pot, amount: bigint, reason: string, subject: string): void {
    const violation = this.move(from, to, amount, reason, subject);
    assertInvariant(violation === undefined, `posting ${from} -> ${to} of ${amount} must be covered`);
  }

  emit(event: LawEvent): void {
    this.eventLog.push(event);
  }

  /** Runs a change that is kept only if it returns no violation. */
  attempt(change: () => Violation | undefined): Violation | undefined {
    const outer = this.journal;
    const eventCount = this.eventLog.length;
    this.journal = [];
    const violation = change();
    if (violation !== undefined) {
      for (let index = this.journal.length - 1; index >= 0; index--) {
        const entry = this.journal[index] as { cell: Cell; previous: unknown };
        entry.cell.after = entry.previous;
      }
      this.eventLog.length = eventCount;
      this.journal = outer;
      return violation;
    }
    for (const entry of this.journal) outer.push(entry);
    this.journal = outer;
    return undefined;
  }

  /** What changed against the parent's state. */
  diff(): StateDiff {
    const changes: Change[] = [];
    for (const cells of this.cells.values()) {
      for (const cell of cells.values()) if (cell.before !== cell.after) changes.push(cell);
    }
    return changes
      .sort(compareChanges)
      .map(({ space, key, before, after }) => ({ space, key, before, after }));
  }

  private set(space: Namespace<unknown>, key: string, value: unknown): void {
    assertKey(key);
    let cells = this.cells.get(space.code);
    if (cells === undefined) {
      cells = new Map();
      this.cells.set(space.code, cells);
    }
    let cell = cells.get(key);
    if (cell === undefined) {
      const before = this.base.get(space, key);
      cell = { space, key, before, after: before };
      cells.set(key, cell);
    }
    this.journal.push({ cell, previous: cell.after });
    cell.after = value;
  }
}
