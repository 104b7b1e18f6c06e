import { seededRandom } from '../../../chain/testing/seeded-random.js';
import type { SyncClock } from '../ports.js';

interface Timer {
  readonly atMs: number;
  /** Order among timers of one moment. */
  readonly number: number;
  readonly callback: () => void;
  isCancelled: boolean;
}

/** Time that only moves when nothing is left to do: every run of a seed is the same run. */
export class VirtualClock implements SyncClock {
  private readonly heap: Timer[] = [];
  private scheduled = 0;
  private readonly nextRandom: () => number;
  events = 0;

  constructor(
    seed: number,
    private now: number,
  ) {
    this.nextRandom = seededRandom(seed);
  }

  nowMs(): number {
    return this.now;
  }

  random(): number {
    return this.nextRandom();
  }

  after(ms: number, callback: () => void): () => void {
    const timer = {
      atMs: this.now + Math.max(0, ms),
      number: this.scheduled++,
      callback,
      isCancelled: false,
    };
    this.push(timer);
    return () => {
      timer.isCancelled = true;
    };
  }

  /** The machine stands still for a while: time passes and no timer runs, all of them come late. */
  stall(ms: number): void {
    this.now += ms;
  }

  /** Timers that have neither run nor been cancelled. */
  get pending(): number {
    return this.heap.filter(({ isCancelled }) => !isCancelled).length;
  }

  /** Runs everything up to a moment; between two timers all promises settle. */
  async runUntil(untilMs: number, isDone: () => boolean = () => false): Promise<void> {
    await settle();
    while (!isDone()) {
      const next = this.heap[0];
      if (next === undefined || next.atMs > untilMs) break;
      this.pop();
      if (next.isCancelled) continue;
      this.now = Math.max(this.now, next.atMs);
      this.events += 1;
      next.callback();
      await settle();
    }
    if (!isDone()) this.now = Math.max(this.now, untilMs);
  }

  private push(timer: Timer): void {
    const { heap } = this;
    heap.push(timer);
    let at = heap.length - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!isBefore(timer, heap[parent] as Timer)) break;
      heap[at] = heap[parent] as Timer;
      at = parent;
    }
    heap[at] = timer;
  }

  private pop(): void {
    const { heap } = this;
    const last = heap.pop() as Timer;
    if (heap.length === 0) return;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1] as Timer, heap[child] as Timer)) child += 1;
      if (!isBefore(heap[child] as Timer, last)) break;
      heap[at] = heap[child] as Timer;
      at = child;
    }
    heap[at] = last;
  }
}

function isBefore(a: Timer, b: Timer): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.number < b.number);
}

/** All promises that can settle without time passing have settled: microtasks run out before an immediate. */
function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
