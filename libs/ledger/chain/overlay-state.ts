import type { MemoryState, Namespace, StateDiff, StateReader } from '#chain';

/** The state as another branch sees it: changes laid over the untouched state of the main chain. */
export class OverlayState implements StateReader {
  private readonly changed = new Map<string, unknown>();

  constructor(private readonly base: MemoryState) {}

  get<V>(space: Namespace<V>, key: string): V | undefined {
    const name = `${space.code}/${key}`;
    return (this.changed.has(name) ? this.changed.get(name) : this.base.get(space, key)) as V | undefined;
  }

  apply(diff: StateDiff): void {
    for (const change of diff) this.changed.set(`${change.space.code}/${change.key}`, change.after);
  }

  revert(diff: StateDiff): void {
    for (const change of diff) this.changed.set(`${change.space.code}/${change.key}`, change.before);
  }
}
