import { type KnownTransaction, type Law, laneKey } from '#chain';
import { compareFeeRate } from './mempool-policy.js';

/** Which queue a transaction waits in: its lane, or one of its own where its kind needs no sequence. */
export function queueKey(law: Law, known: KnownTransaction): string {
  const isSequence = law.kindsByName.get(known.transaction.kind)?.replay === 'sequence';
  return isSequence ? laneKey(known.account, known.transaction.lane) : known.id;
}

/** Best fee rate first, yet every lane in its sequence: a cheap predecessor holds its successors back. */
export function orderByFee(law: Law, inArrivalOrder: Iterable<KnownTransaction>): KnownTransaction[] {
  const queues = new Map<string, KnownTransaction[]>();
  for (const known of inArrivalOrder) {
    const key = queueKey(law, known);
    const queue = queues.get(key);
    if (queue === undefined) queues.set(key, [known]);
    else queue.push(known);
  }
  const heap = new FeeHeap();
  for (const queue of queues.values()) heap.push({ queue, at: 0 });
  const ordered: KnownTransaction[] = [];
  for (let best = heap.pop(); best !== undefined; best = heap.pop()) {
    ordered.push(head(best));
    if (best.at + 1 < best.queue.length) heap.push({ queue: best.queue, at: best.at + 1 });
  }
  return ordered;
}

interface Cursor {
  readonly queue: readonly KnownTransaction[];
  readonly at: number;
}

function head(cursor: Cursor): KnownTransaction {
  return cursor.queue[cursor.at] as KnownTransaction;
}

/** Binary heap, the best fee rate on top. */
class FeeHeap {
  private readonly items: Cursor[] = [];

  push(item: Cursor): void {
    let at = this.items.push(item) - 1;
    while (at > 0) {
      const up = (at - 1) >> 1;
      if (!this.isBetter(at, up)) return;
      this.swap(at, up);
      at = up;
    }
  }

  pop(): Cursor | undefined {
    const top = this.items[0];
    const last = this.items.pop();
    if (top === undefined || last === undefined || this.items.length === 0) return top;
    this.items[0] = last;
    let at = 0;
    for (;;) {
      const left = 2 * at + 1;
      const right = left + 1;
      let best = at;
      if (left < this.items.length && this.isBetter(left, best)) best = left;
      if (right < this.items.length && this.isBetter(right, best)) best = right;
      if (best === at) return top;
      this.swap(at, best);
      at = best;
    }
  }

  private isBetter(a: number, b: number): boolean {
    return compareFeeRate(head(this.items[a] as Cursor), head(this.items[b] as Cursor)) > 0;
  }

  private swap(a: number, b: number): void {
    const held = this.items[a] as Cursor;
    this.items[a] = this.items[b] as Cursor;
    this.items[b] = held;
  }
}
