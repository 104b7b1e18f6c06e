import { bytesToHex } from '#crypto';
import { encode } from '../codec/codec.js';
import type { Law } from '../law/law.js';
import type { MemoryState } from '../state/memory-state.js';

/** Every object of every namespace as `namespace/key` and the hex of its canonical bytes. */
export function snapshotState(law: Law, state: MemoryState): ReadonlyMap<string, string> {
  const objects: [string, string][] = [];
  for (const space of law.namespaces.values()) {
    for (const [key, value] of state.entries(space))
      objects.push([`${space.name}/${key}`, bytesToHex(encode(space.value, value))]);
  }
  return new Map(objects.sort(([a], [b]) => (a < b ? -1 : 1)));
}
