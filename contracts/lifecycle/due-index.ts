import { type BlockView, type ContractId, hexId, list, namespace } from '#chain';

/**
 * How many lists one height has. A contract's list is told by the first 6 bits of its id, so that walking the lists in
 * order is walking the contracts in ascending id, and so that no list grows long: 100,000 contracts on epochs of 1,440
 * blocks are about one a list. Changing a list copies it.
 */
const BUCKETS = 64;

/** Contracts whose next automatic transition falls on a height (key: `HEIGHT:BUCKET`), in ascending id order. */
export const dueSpace = namespace('due', 11, list(hexId<ContractId>(32), 1_000_000));

/** Puts a contract among those due at a height, unless it is there. */
export function scheduleDue(view: BlockView, id: ContractId, dueAt: number): void {
  const key = dueKey(id, dueAt);
  const due = view.get(dueSpace, key) ?? [];
  const at = placeOf(due, id);
  if (due[at] !== id) view.put(dueSpace, key, due.toSpliced(at, 0, id));
}

/** Takes a contract out of those due at a height; one that `takeDue` took in this block is there no more. */
export function unscheduleDue(view: BlockView, id: ContractId, dueAt: number): void {
  const key = dueKey(id, dueAt);
  const due = view.get(dueSpace, key);
  if (due === undefined) return;
  const at = placeOf(due, id);
  if (due[at] !== id) return;
  if (due.length === 1) view.remove(dueSpace, key);
  else view.put(dueSpace, key, due.toSpliced(at, 1));
}

/** Takes the contracts due at the view's height out of the schedule, in ascending id order. */
export function takeDue(view: BlockView): readonly ContractId[] {
  const taken: ContractId[] = [];
  for (let bucket = 0; bucket < BUCKETS; bucket++) {
    const key = keyOf(view.height, bucket);
    const due = view.get(dueSpace, key);
    if (due === undefined) continue;
    view.remove(dueSpace, key);
    taken.push(...due);
  }
  return taken;
}

/** Key of the list that a contract is in when it is due at a height. */
export function dueKey(id: ContractId, height: number): string {
  return keyOf(height, bucketOf(id));
}

/** Height of a key of `dueSpace`. */
export function dueKeyHeight(key: string): number {
  return Number(key.slice(0, key.indexOf(':')));
}

function keyOf(height: number, bucket: number): string {
  return `${height}:${bucket}`;
}

function bucketOf(id: ContractId): number {
  return Number.parseInt(id.slice(0, 2), 16) >> 2;
}

/** Where an id is, or would be, in an ascending list. */
function placeOf(due: readonly ContractId[], id: ContractId): number {
  let low = 0;
  let high = due.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((due[middle] as ContractId) < id) low = middle + 1;
    else high = middle;
  }
  return low;
}
