import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import fc from 'fast-check';
import {
  allocateMemory,
  closePool,
  copyBytes,
  isSharedMemory,
  issuedMemoryBytes,
  keptMemoryBytes,
  openPool,
  releaseMemory,
} from './memory.js';

const mebibyte = 1024 * 1024;

describe('memory given back', () => {
  let issuedBefore = 0;
  beforeEach(() => {
    openPool();
    issuedBefore = issuedMemoryBytes();
  });
  afterEach(closePool);

  test('serves the next request, of another length too where it is not much shorter', () => {
    const first = allocateMemory(mebibyte).fill(7);
    expect(isSharedMemory(first)).toBe(true);
    releaseMemory(first);
    expect([keptMemoryBytes(), issuedMemoryBytes()]).toEqual([mebibyte, issuedBefore]);
    const second = allocateMemory(mebibyte - 1000);
    expect([second.length, second[0], second.at(-1)]).toEqual([mebibyte - 1000, 7, 7]);
    expect(keptMemoryBytes()).toBe(0);
    expect(allocateMemory(mebibyte / 2)[0]).toBe(0);
  });

  test('is taken once, and of nobody but who has it', () => {
    const first = allocateMemory(mebibyte);
    releaseMemory(first.subarray(0, mebibyte));
    releaseMemory(first.subarray(1));
    expect(keptMemoryBytes()).toBe(0);
    releaseMemory(first);
    releaseMemory(first);
    expect(keptMemoryBytes()).toBe(mebibyte);
    const second = allocateMemory(mebibyte);
    // Who had it before has no say any more.
    releaseMemory(first);
    expect(keptMemoryBytes()).toBe(0);
    expect(allocateMemory(mebibyte).buffer).not.toBe(second.buffer);
  });

  test('is bounded with what is given out: what was unused for longest goes first', () => {
    // All there is, but for less than a MiB.
    const count = Math.floor((384 * mebibyte - issuedBefore) / mebibyte);
    const views = Array.from({ length: count }, () => allocateMemory(mebibyte));
    expect(views.every(isSharedMemory)).toBe(true);
    for (const view of views) releaseMemory(view);
    expect(keptMemoryBytes()).toBe(count * mebibyte);
    const other = allocateMemory(2 * mebibyte);
    expect(isSharedMemory(other)).toBe(true);
    expect(keptMemoryBytes() + issuedMemoryBytes()).toBeLessThanOrEqual(384 * mebibyte);
    expect(keptMemoryBytes()).toBeGreaterThanOrEqual((count - 3) * mebibyte);
    const again = Array.from({ length: count - 3 }, () => allocateMemory(mebibyte).buffer);
    expect(again[0]).toBe(views.at(-1)?.buffer);
    for (const { buffer } of views.slice(0, 2)) expect(again).not.toContain(buffer);
    releaseMemory(other);
  });

  test('that nobody gives back is not given out without end: from then on the collector counts it', () => {
    const views: Uint8Array[] = [];
    while (views.length < 500 && isSharedMemory(views.at(-1) ?? allocateMemory(mebibyte)))
      views.push(allocateMemory(mebibyte));
    expect(views.length).toBeLessThan(400);
    const plain = views.at(-1) as Uint8Array;
    expect(plain.buffer.byteLength).toBe(mebibyte);
    releaseMemory(plain);
    // Its own memory went back to the system.
    expect([plain.length, plain.buffer.byteLength]).toEqual([0, 0]);
    for (const view of views) releaseMemory(view);
  });

  test('any requests: never two at once for one buffer, never too short', () => {
    const length = fc.integer({ min: 60_000, max: 3 * mebibyte });
    fc.assert(
      fc.property(fc.array(fc.tuple(length, fc.nat(9)), { maxLength: 60 }), (requests) => {
        const held: Uint8Array[] = [];
        for (const [lengthBytes, release] of requests) {
          const view = allocateMemory(lengthBytes);
          expect(view.length).toBe(lengthBytes);
          expect(view.buffer.byteLength).toBeLessThanOrEqual(Math.ceil(lengthBytes * 1.25));
          for (const other of held) expect(other.buffer).not.toBe(view.buffer);
          held.push(view);
          if (release > 4) releaseMemory(held.splice(release % held.length, 1)[0] as Uint8Array);
        }
        for (const view of held) releaseMemory(view);
        expect(issuedMemoryBytes()).toBe(issuedBefore);
      }),
      { numRuns: 50 },
    );
  });

  test('is let go of when nobody takes it for a while, and not before', () => {
    jest.useFakeTimers();
    try {
      releaseMemory(allocateMemory(mebibyte));
      jest.advanceTimersByTime(20_000);
      releaseMemory(allocateMemory(mebibyte));
      jest.advanceTimersByTime(25_000);
      expect(keptMemoryBytes()).toBe(mebibyte);
      jest.advanceTimersByTime(60_000);
      expect(keptMemoryBytes()).toBe(0);
    } finally {
      jest.useRealTimers();
    }
  });

  test('small memory is not kept', () => {
    releaseMemory(allocateMemory(1000));
    expect(keptMemoryBytes()).toBe(0);
  });
});

test('bytes are copied to where they belong and nowhere else, whatever memory it is', () => {
  openPool();
  const size = 200_000;
  const source = Uint8Array.from({ length: size }, (_, at) => at % 251);
  const shared = allocateMemory(size);
  copyBytes(source, shared);
  expect(Buffer.compare(shared, source)).toBe(0);
  fc.assert(
    fc.property(fc.nat(size), fc.nat(size), fc.nat(size), fc.boolean(), (from, to, at, intoShared) => {
      const part = (intoShared ? source : shared).subarray(Math.min(from, to), Math.max(from, to));
      const target = (intoShared ? allocateMemory(size) : new Uint8Array(size)).fill(255);
      if (at + part.length > size) {
        expect(() => copyBytes(part, target, at)).toThrow(expect.objectContaining({ name: 'RangeError' }));
      } else {
        copyBytes(part, target, at);
        const expected = new Uint8Array(size).fill(255);
        expected.set(part, at);
        expect(Buffer.compare(target, expected)).toBe(0);
      }
      if (intoShared) releaseMemory(target);
    }),
  );
  releaseMemory(shared);
  closePool();
});

test('nothing is shared and nothing is kept where no pipeline is open', () => {
  const view = allocateMemory(mebibyte);
  expect(isSharedMemory(view)).toBe(false);
  releaseMemory(view);
  expect([view.length, keptMemoryBytes()]).toEqual([0, 0]);
});
