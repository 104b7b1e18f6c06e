/** A thread that searches nonces: `new Worker(this file, { workerData: SearchThreadData })`. */
import { parentPort, workerData } from 'node:worker_threads';
import { assertInvariant } from '#errors';
import { NONCE_COUNT, searchNonces } from './nonce-search.js';
import type { SearchAnswer, SearchOrder, SearchThreadData } from './worker-search.js';

/** Hashes between two looks at whether the work is still wanted; well below a millisecond. */
const SLICE_HASHES = 256;

const { currentJob, hashCount, share } = workerData as SearchThreadData;
assertInvariant(parentPort !== null, 'search-thread.js runs only as a worker');
const port = parentPort;

port.on('message', (order: SearchOrder) => {
  const answer: SearchAnswer = { jobId: order.jobId, thread: order.thread, nonce: search(order) };
  port.postMessage(answer);
});

/** The nonce, null when all were tried, or undefined when the work is no longer wanted. */
function search({ jobId, header, target }: SearchOrder): number | null | undefined {
  let debtMs = 0;
  for (let from = 0; from < NONCE_COUNT; from += SLICE_HASHES) {
    if (Atomics.load(currentJob, 0) !== jobId) return undefined;
    const startedAt = performance.now();
    const nonce = searchNonces(header, target, from, SLICE_HASHES);
    Atomics.add(hashCount, 0, BigInt(nonce === undefined ? SLICE_HASHES : nonce - from + 1));
    if (nonce !== undefined) return nonce;
    // Resting in proportion to the time worked keeps to the share; a cancelled job ends the rest at once.
    if (share < 1) {
      debtMs += (performance.now() - startedAt) * (1 / share - 1);
      if (debtMs >= 1) {
        const restedFrom = performance.now();
        Atomics.wait(currentJob, 0, jobId, debtMs);
        debtMs -= performance.now() - restedFrom;
      }
    }
  }
  return null;
}
