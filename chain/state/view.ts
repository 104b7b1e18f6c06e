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
  /** Cells changed by the attempts under way and, in the same places, what they held before; used over and over. */
  private readonly journalCells: Cell[] = [];
  private readonly journalValues: unknown[] = [];
  private journalSize = 0;
  private depth = 0;
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
      const source = this.cell(potSpace, from);
      const held = (source.after as bigint | undefined) ?? 0n;
      if (held < amount) return { rule: 'coins/too-little', pot: from, held, needed: amount, reason };
      this.change(source, held === amount ? undefined : held - amount);
    }
    if (to !== BURN) {
      const target = this.cell(potSpace, to);
      this.change(target, ((target.after as bigint | undefined) ?? 0n) + amount);
    }
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
    const mark = this.journalSize;
    const eventCount = this.eventLog.length;
    this.depth += 1;
    const violation = change();
    this.depth -= 1;
    if (violation !== undefined) {
      for (let index = this.journalSize - 1; index >= mark; index--)
        (this.journalCells[index] as Cell).after = this.journalValues[index];
      this.eventLog.length = eventCount;
      this.journalSize = mark;
      return violation;
    }
    // Nobody can take back what the outermost attempt kept.
    if (this.depth === 0) this.journalSize = 0;
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
    this.change(this.cell(space, key), value);
  }

  private change(cell: Cell, value: unknown): void {
    if (this.depth > 0) {
      this.journalCells[this.journalSize] = cell;
      this.journalValues[this.journalSize] = cell.after;
      this.journalSize += 1;
    }
    cell.after = value;
  }

  /** The cell of an object that is about to change. */
  private cell(space: Namespace<unknown>, key: string): Cell {
    let cells = this.cells.get(space.code);
    if (cells === undefined) {
      cells = new Map();
      this.cells.set(space.code, cells);
    }
    let cell = cells.get(key);
    if (cell === undefined) {
      assertKey(key);
      const before = this.base.get(space, key);
      cell = { space, key, before, after: before };
      cells.set(key, cell);
    }
    return cell;
  }
}
