import { afterEach, describe, expect, test } from '@jest/globals';
import { nobleCrypto } from '#crypto';
import { createWorkerSearch, type NonceSearch } from './index.js';

const never = new AbortController().signal;
/** One hash of about 4096 meets it. */
const EASY = Uint8Array.from({ length: 32 }, (_, index) => (index === 0 ? 0 : index === 1 ? 0x0f : 0xff));
/** None meets it. */
const IMPOSSIBLE = new Uint8Array(32);

const headerOf = (variant: number): Uint8Array => {
  const header = new Uint8Array(80).fill(7);
  new DataView(header.buffer).setUint32(36, variant, true);
  return header;
};

let searches: NonceSearch[] = [];
const open = (threads: number, share: number): NonceSearch => {
  const search = createWorkerSearch({ threads, share });
  searches.push(search);
  return search;
};
afterEach(async () => {
  await Promise.all(searches.map((search) => search.close()));
  searches = [];
});

describe('the search on threads', () => {
  test.each([1, 2])('finds a nonce that meets the target with %i threads', async (threads) => {
    const search = open(threads, threads);
    for (let round = 0; round < 5; round += 1) {
      const found = await search.search((variant) => headerOf(variant + round * 100), EASY, never);
      expect(found).toBeDefined();
      const header = headerOf(found!.variant + round * 100);
      new DataView(header.buffer).setUint32(76, found!.nonce, true);
      const hash = nobleCrypto.sha256d(header).reverse();
      expect(Buffer.compare(hash, EASY)).toBeLessThanOrEqual(0);
    }
    expect(search.hashCount()).toBeGreaterThan(0n);
  });

  test('is cancelled at once, also while it rests, and searches again', async () => {
    const search = open(2, 0.001);
    for (let round = 0; round < 3; round += 1) {
      const cancel = new AbortController();
      const result = search.search(headerOf, IMPOSSIBLE, cancel.signal);
      const before = search.hashCount();
      while (search.hashCount() === before) await new Promise((resolve) => setImmediate(resolve));
      const cancelledAt = performance.now();
      cancel.abort();
      expect(await result).toBeUndefined();
      // A rest between slices lasts some 300 ms at this share.
      expect(performance.now() - cancelledAt).toBeLessThan(150);
    }
    const found = await open(1, 1).search(headerOf, EASY, never);
    expect(found).toBeDefined();
  });

  test('at full speed it is cancelled within 20 ms', async () => {
    const search = open(1, 1);
    const delays: number[] = [];
    for (let round = 0; round < 9; round += 1) {
      const cancel = new AbortController();
      const result = search.search(headerOf, IMPOSSIBLE, cancel.signal);
      const before = search.hashCount();
      while (search.hashCount() === before) await new Promise((resolve) => setTimeout(resolve, 1));
      const cancelledAt = performance.now();
      cancel.abort();
      expect(await result).toBeUndefined();
      delays.push(performance.now() - cancelledAt);
    }
    // The middle one: a busy machine may hold up any single answer.
    expect(delays.sort((a, b) => a - b)[4]).toBeLessThan(20);
  });

  test('answers an aborted signal without work', async () => {
    const search = open(1, 1);
    expect(await search.search(headerOf, IMPOSSIBLE, AbortSignal.abort())).toBeUndefined();
    expect(search.hashCount()).toBe(0n);
  });

  test('keeps to its share of a core', async () => {
    const search = open(1, 0.1);
    const cancel = new AbortController();
    const before = process.cpuUsage();
    const startedAt = performance.now();
    setTimeout(() => cancel.abort(), 1_500);
    await search.search(headerOf, IMPOSSIBLE, cancel.signal);
    const { user, system } = process.cpuUsage(before);
    const share = (user + system) / 1_000 / (performance.now() - startedAt);
    // Starting the thread costs some 50 ms of its own.
    expect(share).toBeLessThan(0.3);
    expect(search.hashCount()).toBeGreaterThan(1_000n);
  });

  test('two searches at once are a fault of ours', async () => {
    const search = open(1, 1);
    const cancel = new AbortController();
    const first = search.search(headerOf, IMPOSSIBLE, cancel.signal);
    await expect(search.search(headerOf, EASY, never)).rejects.toThrow('while another is running');
    cancel.abort();
    await first;
  });
});
