import { Worker } from 'node:worker_threads';
import type { FragmentId } from '#chain';
import { accepted, InvariantError, type Result, refused } from '#errors';
import type { FragmentStore } from '#fragment-store';
import type { SliceAnswer, SliceOrder } from './slice-worker.js';

interface Waiting {
  resolve(slice: Uint8Array | undefined): void;
  reject(error: Error): void;
}

/** Cuts Bao slices of stored fragments in a thread of its own: 4 MiB take milliseconds to hash with every node kept. */
export class Slicer {
  readonly #store: FragmentStore;
  readonly #waiting = new Map<number, Waiting>();
  #worker: Worker | undefined;
  #orders = 0;

  constructor(store: FragmentStore) {
    this.#store = store;
  }

  /** The slice of some chunks of a fragment (ascending, none twice); violations `fragment/lost`, `fragment/corrupt`. */
  async slice(fragment: FragmentId, chunks: readonly number[]): Promise<Result<Uint8Array>> {
    const read = await this.#store.read(fragment);
    if (read === undefined) return refused({ rule: 'fragment/lost', fragment });
    if (!read.ok) return read;
    const slice = await this.#order(fragment, chunks, read.value);
    return slice === undefined ? refused({ rule: 'fragment/corrupt', fragment }) : accepted(slice);
  }

  async close(): Promise<void> {
    const worker = this.#worker;
    this.#worker = undefined;
    await worker?.terminate();
  }

  #order(
    fragment: FragmentId,
    chunks: readonly number[],
    bytes: Uint8Array,
  ): Promise<Uint8Array | undefined> {
    this.#worker ??= this.#start();
    this.#orders += 1;
    const order: SliceOrder = { order: this.#orders, fragment, chunks, bytes };
    const worker = this.#worker;
    return new Promise((resolve, reject) => {
      this.#waiting.set(order.order, { resolve, reject });
      worker.postMessage(order, [bytes.buffer as ArrayBuffer]);
    });
  }

  #start(): Worker {
    const worker = new Worker(new URL('./slice-worker.js', import.meta.url));
    worker.unref();
    worker.on('message', ({ order, slice }: SliceAnswer) => {
      this.#waiting.get(order)?.resolve(slice);
      this.#waiting.delete(order);
    });
    const fail = (error: Error): void => {
      if (this.#worker === worker) this.#worker = undefined;
      for (const waiting of this.#waiting.values()) waiting.reject(error);
      this.#waiting.clear();
    };
    worker.on('error', fail);
    worker.on('exit', (code) => fail(new InvariantError(`the slice worker ended with code ${code}`)));
    return worker;
  }
}
