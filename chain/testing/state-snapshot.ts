import { encode } from '../codec/codec.js';
import type { Law } from '../law/law.js';
import type { MemoryState } from '../state/memory-state.js';

/** Every object of every namespace as `namespace/key` and its canonical bytes, one character each. */
export function snapshotState(law: Law, state: MemoryState): ReadonlyMap<string, string> {
  const objects: [string, string][] = [];
  for (const space of law.namespaces.values()) {
    for (const [key, value] of state.entries(space))
      objects.push([`${space.name}/${key}`, String.fromCharCode(...encode(space.value, value))]);
  }
  return new Map(objects.sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** The first object in which two states differ, or undefined where they are equal. */
export function findDifference(
  left: ReadonlyMap<string, string>,
  right: ReadonlyMap<string, string>,
): string | undefined {
  for (const [key, value] of left) if (right.get(key) !== value) return key;
  for (const key of right.keys()) if (!left.has(key)) return key;
  return undefined;
}
