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
  const heap = new FeeHeap(queues.values());
  const ordered: KnownTransaction[] = [];
  for (let best = heap.take(); best !== undefined; best = heap.take()) ordered.push(best);
  return ordered;
}

/** A lane's transactions and how far they were taken; `rate` is the fee per byte of the next. */
interface Cursor {
  readonly queue: readonly KnownTransaction[];
  at: number;
  rate: number;
}

/** Rates this close are compared exactly: a double holds 53 bits of a fee of 63. */
const NEARLY = 1e-9;

/** Binary heap of lanes, the best fee rate on top. */
class FeeHeap {
  private readonly items: Cursor[];

  constructor(queues: Iterable<readonly KnownTransaction[]>) {
    this.items = Array.from(queues, (queue) => ({ queue, at: 0, rate: rateOf(queue, 0) }));
    for (let at = (this.items.length >> 1) - 1; at >= 0; at--) this.sink(at);
  }

  /** The best of all next ones. */
  take(): KnownTransaction | undefined {
    const top = this.items[0];
    if (top === undefined) return undefined;
    const taken = top.queue[top.at];
    top.at += 1;
    if (top.at < top.queue.length) top.rate = rateOf(top.queue, top.at);
    else {
      const last = this.items.pop() as Cursor;
      if (last !== top) this.items[0] = last;
    }
    this.sink(0);
    return taken;
  }

  private sink(from: number): void {
    const { items } = this;
    const item = items[from];
    if (item === undefined) return;
    let at = from;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= items.length) break;
      if (child + 1 < items.length && isBetter(items[child + 1] as Cursor, items[child] as Cursor))
        child += 1;
      if (!isBetter(items[child] as Cursor, item)) break;
      items[at] = items[child] as Cursor;
      at = child;
    }
    items[at] = item;
  }
}

function rateOf(queue: readonly KnownTransaction[], at: number): number {
  const known = queue[at] as KnownTransaction;
  return Number(known.transaction.fee) / known.bytes.length;
}

function isBetter(a: Cursor, b: Cursor): boolean {
  if (Math.abs(a.rate - b.rate) > NEARLY * a.rate) return a.rate > b.rate;
  return compareFeeRate(a.queue[a.at] as KnownTransaction, b.queue[b.at] as KnownTransaction) > 0;
}
