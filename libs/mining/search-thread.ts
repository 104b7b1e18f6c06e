/** A thread that searches nonces: `new Worker(this file, { workerData: SearchThreadData })`. */
import { parentPort, workerData } from 'node:worker_threads';
import { assertInvariant } from '#errors';
import { isSimdAvailable } from '#wasm-kernels';
import { createHeaderSearch, NONCE_COUNT, type NonceFound } from './nonce-search.js';
import type { SearchAnswer, SearchOrder, SearchThreadData } from './worker-search.js';

/** Nonces between two looks at whether the work is still wanted: below a millisecond of four headers. */
const SLICE_NONCES = isSimdAvailable() ? 1_024 : 64;

const { currentJob, counts, share } = workerData as SearchThreadData;
assertInvariant(parentPort !== null, 'search-thread.js runs only as a worker');
const port = parentPort;
const headerSearch = createHeaderSearch();

port.on('message', (order: SearchOrder) => {
  const answer: SearchAnswer = { jobId: order.jobId, thread: order.thread, found: search(order) };
  port.postMessage(answer);
});

/** The nonce, null when all were tried, or undefined when the work is no longer wanted. */
function search({ jobId, headers, target }: SearchOrder): NonceFound | null | undefined {
  let debtMs = 0;
  headerSearch.prepare(headers, target);
  for (let from = 0; from < NONCE_COUNT; from += SLICE_NONCES) {
    if (Atomics.load(currentJob, 0) !== jobId) return undefined;
    const startedAt = performance.now();
    const { hashes, shares, found } = headerSearch.search(from, SLICE_NONCES);
    Atomics.add(counts, 0, BigInt(hashes));
    if (shares > 0) Atomics.add(counts, 1, BigInt(shares));
    if (found !== undefined) return found;
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
