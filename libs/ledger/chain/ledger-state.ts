import { MemoryState, type Namespace, type StateDiff } from '#chain';

/** The state of the main chain as the ledger holds it: it can be frozen while it goes on changing. */
export class LedgerState extends MemoryState {
  private readonly frozen = new Set<FrozenState>();

  /** The state of this moment, to be read in slices while blocks come and go. Costs a list of keys, no copy of values. */
  freeze(spaces: Iterable<Namespace<unknown>>): FrozenState {
    const view = new FrozenState(this, spaces, () => this.frozen.delete(view));
    this.frozen.add(view);
    return view;
  }

  override apply(diff: StateDiff): void {
    for (const view of this.frozen) view.note(diff, 'before');
    super.apply(diff);
  }

  override revert(diff: StateDiff): void {
    for (const view of this.frozen) view.note(diff, 'after');
    super.revert(diff);
  }
}

/** Values as they were when the view was made: those changed since are kept aside, all others are read where they are. */
export class FrozenState {
  private readonly keys: readonly { readonly space: Namespace<unknown>; readonly keys: readonly string[] }[];
  private readonly changed = new Map<string, unknown>();

  constructor(
    private readonly live: MemoryState,
    spaces: Iterable<Namespace<unknown>>,
    private readonly onRelease: () => void,
  ) {
    this.keys = [...spaces].map((space) => ({
      space,
      keys: Array.from(live.entries(space), ([key]) => key),
    }));
  }

  /** Number of objects by namespace, in the order given. */
  get counts(): readonly { readonly space: Namespace<unknown>; readonly count: number }[] {
    return this.keys.map(({ space, keys }) => ({ space, count: keys.length }));
  }

  /** Objects of a namespace; may be interrupted at any object and gone on with later. */
  *entries(space: Namespace<unknown>): Generator<readonly [string, unknown]> {
    for (const key of this.keys.find((each) => each.space === space)?.keys ?? []) {
      const name = cellName(space, key);
      yield [key, this.changed.has(name) ? this.changed.get(name) : this.live.get(space, key)];
    }
  }

  /** Told before a block changes the state: which side of its changes is the value so far. */
  note(diff: StateDiff, side: 'before' | 'after'): void {
    // The first change after the freeze holds the frozen value.
    for (const change of diff) {
      const name = cellName(change.space, change.key);
      if (!this.changed.has(name)) this.changed.set(name, change[side]);
    }
  }

  /** Ends the view; nothing is kept aside any more. */
  release(): void {
    this.onRelease();
  }
}

function cellName(space: Namespace<unknown>, key: string): string {
  return `${space.code}/${key}`;
}
