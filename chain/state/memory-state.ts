import type { StateDiff } from './diff.js';
import type { Namespace, StateReader } from './namespace.js';

/** The state in memory: one map per namespace. The rules only read it; diffs change it. */
export class MemoryState implements StateReader {
  private readonly spaces = new Map<number, Map<string, unknown>>();

  get<V>(space: Namespace<V>, key: string): V | undefined {
    return this.spaces.get(space.code)?.get(key) as V | undefined;
  }

  /** All objects of a namespace, in no promised order. */
  entries<V>(space: Namespace<V>): IterableIterator<[string, V]> {
    return this.space(space.code).entries() as IterableIterator<[string, V]>;
  }

  /** Number of objects of a namespace. */
  count(space: Namespace<unknown>): number {
    return this.spaces.get(space.code)?.size ?? 0;
  }

  /** Puts a block's changes in. */
  apply(diff: StateDiff): void {
    for (const change of diff) this.set(change.space.code, change.key, change.after);
  }

  /** Takes a block's changes back: the exact inverse of `apply`. */
  revert(diff: StateDiff): void {
    for (let index = diff.length - 1; index >= 0; index--) {
      const change = diff[index] as StateDiff[number];
      this.set(change.space.code, change.key, change.before);
    }
  }

  private space(code: number): Map<string, unknown> {
    let space = this.spaces.get(code);
    if (space === undefined) {
      space = new Map();
      this.spaces.set(code, space);
    }
    return space;
  }

  private set(code: number, key: string, value: unknown): void {
    if (value === undefined) this.space(code).delete(key);
    else this.space(code).set(key, value);
  }
}
