import { Worker } from 'node:worker_threads';
import { AppError, assertInvariant } from '#errors';
import { NONCE_VARIANTS } from '#wasm-kernels';
import type { NonceFound } from './nonce-search.js';

/** What every search thread shares with the others. */
export interface SearchThreadData {
  /** One cell: the job that is wanted now; 0 for none. */
  readonly currentJob: Int32Array;
  /** Two cells: hashes made by all threads, and shares found among them. */
  readonly counts: BigInt64Array;
  /** Share of one core that this thread may use. */
  readonly share: number;
}

export interface SearchOrder {
  readonly jobId: number;
  readonly thread: number;
  /** Variants that are searched together. */
  readonly headers: readonly Uint8Array[];
  readonly target: Uint8Array;
}

export interface SearchAnswer {
  readonly jobId: number;
  readonly thread: number;
  /** Null: every nonce was tried; undefined: cancelled. */
  readonly found: NonceFound | null | undefined;
}

/** A header that meets its target: the variant it was made of and the nonce. */
export interface FoundNonce {
  readonly variant: number;
  readonly nonce: number;
}

/** Searches nonces on threads. */
export interface NonceSearch {
  /**
   * Tries every nonce of `headerOf(0)`, `headerOf(1)`, … (80 bytes each) until one meets the target. Four neighbours,
   * from a multiple of four on, are searched together and differ in their first 64 bytes only. One search at a time.
   * @returns undefined when the signal aborted first
   * @throws AppError `mining/worker-died`
   */
  search(
    headerOf: (variant: number) => Uint8Array,
    target: Uint8Array,
    signal: AbortSignal,
  ): Promise<FoundNonce | undefined>;
  /** Hashes made so far. */
  hashCount(): bigint;
  /** Shares found so far: one in HASHES_PER_SHARE hashes is one, whatever the target. */
  shareCount(): bigint;
  /** Ends the threads; nothing is left when it resolves. */
  close(): Promise<void>;
}

export interface WorkerSearchOptions {
  readonly threads: number;
  /** Share of one core that all threads together may use, from above 0; up to the number of threads. */
  readonly share: number;
}

/** Starts the threads on first use, and new ones after one died. */
export function createWorkerSearch({ threads, share }: WorkerSearchOptions): NonceSearch {
  const currentJob = new Int32Array(new SharedArrayBuffer(4));
  const counts = new BigInt64Array(new SharedArrayBuffer(16));
  const data: SearchThreadData = { currentJob, counts, share: Math.min(share / threads, 1) };
  let workers: Worker[] = [];
  let lastJob = 0;
  let isSearching = false;

  const cancel = (): void => {
    Atomics.store(currentJob, 0, 0);
    Atomics.notify(currentJob, 0);
  };
  const endThreads = async (): Promise<void> => {
    const ending = workers;
    workers = [];
    cancel();
    await Promise.all(ending.map((worker) => worker.terminate()));
  };
  const startThreads = (): void => {
    while (workers.length < threads) {
      const worker = new Worker(new URL('./search-thread.js', import.meta.url), { workerData: data });
      // A thread keeps the process alive only while it is asked for something.
      worker.unref();
      workers.push(worker);
    }
  };

  const run = (
    jobId: number,
    headerOf: (variant: number) => Uint8Array,
    target: Uint8Array,
    signal: AbortSignal,
  ): Promise<FoundNonce | undefined> =>
    new Promise((resolve, reject) => {
      const variantOf = new Map<number, number>();
      let nextVariant = 0;
      let found: FoundNonce | undefined;
      let working = 0;
      const releases: (() => void)[] = [];
      const order = (worker: Worker, thread: number): void => {
        const first = nextVariant;
        nextVariant += NONCE_VARIANTS;
        variantOf.set(thread, first);
        working += 1;
        const headers = Array.from({ length: NONCE_VARIANTS }, (_, index) => headerOf(first + index));
        const message: SearchOrder = { jobId, thread, headers, target };
        worker.postMessage(message);
      };
      const finish = (): void => {
        signal.removeEventListener('abort', cancel);
        for (const release of releases) release();
      };
      const die = (cause: unknown): void => {
        finish();
        endThreads().then(() =>
          reject(
            new AppError({
              code: 'mining/worker-died',
              message: `a mining thread ended in the middle of its work: ${cause instanceof Error ? cause.message : String(cause)}`,
              next: 'the miner starts new threads by itself; if it happens again, look at the memory of this machine',
              cause,
            }),
          ),
        );
      };
      for (const [thread, worker] of workers.entries()) {
        const onMessage = (answer: SearchAnswer): void => {
          if (answer.jobId !== jobId) return;
          working -= 1;
          if (answer.found && found === undefined) {
            const { index, nonce } = answer.found;
            found = { variant: (variantOf.get(thread) as number) + index, nonce };
            cancel();
          }
          if (answer.found === null && found === undefined && !signal.aborted) order(worker, thread);
          if (working > 0) return;
          finish();
          resolve(found);
        };
        const onExit = (code: number): void => die(`exit code ${code}`);
        worker.ref();
        worker.on('message', onMessage).on('error', die).on('exit', onExit);
        releases.push(() => {
          worker.off('message', onMessage).off('error', die).off('exit', onExit);
          worker.unref();
        });
        order(worker, thread);
      }
      signal.addEventListener('abort', cancel, { once: true });
      if (signal.aborted) cancel();
    });

  return {
    async search(headerOf, target, signal) {
      assertInvariant(!isSearching, 'a nonce search was started while another is running');
      if (signal.aborted) return undefined;
      isSearching = true;
      try {
        startThreads();
        lastJob = (lastJob % 0x3fff_ffff) + 1;
        Atomics.store(currentJob, 0, lastJob);
        return await run(lastJob, headerOf, target, signal);
      } finally {
        isSearching = false;
      }
    },
    hashCount: () => Atomics.load(counts, 0),
    shareCount: () => Atomics.load(counts, 1),
    close: endThreads,
  };
}
