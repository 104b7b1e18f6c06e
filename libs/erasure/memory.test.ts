import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import {
  allocateMemory,
  closePool,
  keptMemoryBytes,
  openPool,
  releaseMemory,
  takeKeptMany,
} from './memory.js';

const mebibyte = 1024 * 1024;

describe('memory given back', () => {
  beforeEach(openPool);
  afterEach(closePool);

  test('serves the next request of the same length, and the old view is empty', () => {
    const first = allocateMemory(mebibyte).fill(7);
    const { buffer } = first;
    releaseMemory(first);
    expect([first.length, buffer.byteLength, keptMemoryBytes()]).toEqual([0, 0, mebibyte]);
    expect(allocateMemory(mebibyte + 1024)[0]).not.toBe(7);
    const second = allocateMemory(mebibyte);
    expect([second.length, second[0], second.at(-1)]).toEqual([mebibyte, 7, 7]);
    expect(keptMemoryBytes()).toBe(0);
    releaseMemory(second);
    releaseMemory(second);
    expect(takeKeptMany(mebibyte, 3)).toHaveLength(1);
  });

  test('is bounded: what was unused for longest goes first', () => {
    for (let index = 0; index < 120; index++) releaseMemory(allocateMemory(mebibyte + 1024 * index));
    expect(keptMemoryBytes()).toBeLessThanOrEqual(96 * mebibyte);
    expect(keptMemoryBytes()).toBeGreaterThan(90 * mebibyte);
    expect(takeKeptMany(mebibyte, 1)).toHaveLength(0);
    expect(takeKeptMany(mebibyte + 1024 * 119, 1)).toHaveLength(1);
  });

  test('of a view of part of its memory, or a small one, is not kept', () => {
    const memory = new Uint8Array(2 * mebibyte);
    releaseMemory(memory.subarray(0, mebibyte));
    expect(memory.length).toBe(2 * mebibyte);
    releaseMemory(new Uint8Array(1000));
    expect(keptMemoryBytes()).toBe(0);
  });

  test('goes back to the system when nobody takes it for a while', async () => {
    releaseMemory(allocateMemory(mebibyte));
    const deadline = Date.now() + 10_000;
    while (keptMemoryBytes() > 0) {
      if (Date.now() > deadline) throw new Error('still kept after 10 s');
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  });
});

test('nothing is kept where no pipeline is open', () => {
  releaseMemory(new Uint8Array(mebibyte));
  expect(keptMemoryBytes()).toBe(0);
});
