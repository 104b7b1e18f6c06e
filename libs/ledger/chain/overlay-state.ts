import type { Namespace, StateDiff, StateReader } from '#chain';

/** Changes laid over a state that they leave untouched: another branch, or blocks that are not written yet. */
export class OverlayState implements StateReader {
  /** By namespace code, then key; undefined means removed. */
  private readonly changed = new Map<number, Map<string, unknown>>();

  constructor(private base: StateReader) {}

  get<V>(space: Namespace<V>, key: string): V | undefined {
    const changed = this.changed.get(space.code);
    const value = changed?.get(key);
    if (value !== undefined || changed?.has(key) === true) return value as V | undefined;
    return this.base.get(space, key);
  }

  apply(diff: StateDiff): void {
    for (const { space, key, after } of diff) this.set(space.code, key, after);
  }

  revert(diff: StateDiff): void {
    for (const { space, key, before } of diff) this.set(space.code, key, before);
  }

  /** Lays the changes over another state that reads the same. */
  rebase(base: StateReader): void {
    this.base = base;
  }

  private set(code: number, key: string, value: unknown): void {
    let changed = this.changed.get(code);
    if (changed === undefined) {
      changed = new Map();
      this.changed.set(code, changed);
    }
    changed.set(key, value);
  }
}
