import { hash } from 'node:crypto';
import { createHeaderSearch, createWorkerSearch } from '#mining';
import { median } from './measure.js';
import type { BenchReport } from './report.js';

/** Headers searched together, as the miner does. */
const HEADERS = 4;
const HASHES = 800_000;
const ROUNDS = 5;
/** No hash meets it: every nonce is tried. */
const IMPOSSIBLE = new Uint8Array(32);

/**
 * The built-in miner's search against the documented call: crypto.hash twice on the same 80 bytes, nonce written,
 * nothing compared.
 */
export async function benchMine(): Promise<BenchReport> {
  const header = new Uint8Array(80).fill(0x5a);
  const headers = Array.from({ length: HEADERS }, (_, index) => Uint8Array.from(header).fill(index, 1, 2));
  const headerSearch = createHeaderSearch();
  headerSearch.prepare(headers, IMPOSSIBLE);
  const search: number[] = [];
  const bare: number[] = [];
  // The sides take turns within a round, so that a neighbour's load falls on both.
  for (let round = 0; round <= ROUNDS; round++) {
    const searchMs = timeMs(() => headerSearch.search(0, HASHES / HEADERS));
    const bareMs = timeMs(() => hashOnly(header, HASHES / 4));
    if (round === 0) continue;
    search.push(HASHES / 1_000 / searchMs);
    bare.push(HASHES / 4 / 1_000 / bareMs);
  }
  return {
    figures: {
      megahashPerCore: median(search),
      megahashCryptoHash: median(bare),
      megahashOneThread: await threadRate(),
    },
    ratios: { vsCryptoHash: median(search) / median(bare) },
  };
}

function hashOnly(header: Uint8Array, count: number): void {
  const view = new DataView(header.buffer);
  for (let nonce = 0; nonce < count; nonce++) {
    view.setUint32(76, nonce, true);
    hash('sha256', hash('sha256', header, 'buffer'), 'buffer');
  }
}

/** The same search on a miner's thread at full share, messages and cancelling included. */
async function threadRate(): Promise<number> {
  const search = createWorkerSearch({ threads: 1, share: 1 });
  try {
    const stop = new AbortController();
    const searching = search.search(() => new Uint8Array(80), IMPOSSIBLE, stop.signal);
    while (search.hashCount() === 0n) await new Promise((resolve) => setImmediate(resolve));
    const [startedAt, before] = [performance.now(), search.hashCount()];
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    const rate = Number(search.hashCount() - before) / 1_000 / (performance.now() - startedAt);
    stop.abort();
    await searching;
    return rate;
  } finally {
    await search.close();
  }
}

function timeMs(work: () => unknown): number {
  const startedAt = performance.now();
  work();
  return performance.now() - startedAt;
}
