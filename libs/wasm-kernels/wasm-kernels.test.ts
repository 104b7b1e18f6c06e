import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { concatBytes, nobleCrypto } from '#crypto';
import { createNonceKernel, createPairKernels, isSimdAvailable, NONCE_VARIANTS } from './index.js';

const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });

test('the kernels were built and run on this machine: everything else here depends on it', () => {
  expect(isSimdAvailable()).toBe(true);
});

/** The most significant word of a header's hash, as Bitcoin reads it. */
function topWord(header: Uint8Array, nonce: number): number {
  const attempt = Uint8Array.from(header);
  new DataView(attempt.buffer).setUint32(76, nonce, true);
  return new DataView(nobleCrypto.sha256d(attempt).buffer).getUint32(28, true);
}

describe('the nonce kernel', () => {
  test('stops exactly where the oracle finds a hash below the limit, on every header', () => {
    const kernel = createNonceKernel()!;
    let hits = 0;
    fc.assert(
      fc.property(
        fc.array(bytes(64), { minLength: 1, maxLength: NONCE_VARIANTS }),
        bytes(16),
        fc.integer({ min: 0, max: 2 ** 32 - 64 }),
        fc.integer({ min: 0, max: 16 }),
        fc.integer({ min: 0, max: 2 ** 28 }),
        (heads, tail, from, groups, top) => {
          const headers = heads.map((head) => concatBytes(head, tail));
          kernel.prepare(headers);
          let position = from;
          const end = from + 4 * groups;
          const found = kernel.search(from, 4 * groups, top);
          for (; position < end; position += 4) {
            const fours = [0, 1, 2, 3].map((lane) => position + lane);
            const lanesOf = headers.map((header) => fours.filter((nonce) => topWord(header, nonce) <= top));
            const variant = lanesOf.findIndex((nonces) => nonces.length > 0);
            if (variant < 0) continue;
            hits += 1;
            expect(found).toEqual({ variant, nonces: lanesOf[variant], passed: position - from + 4 });
            return;
          }
          expect(found).toBeUndefined();
        },
      ),
      { numRuns: 150 },
    );
    // The comparison must have seen both outcomes.
    expect(hits).toBeGreaterThan(20);
    expect(hits).toBeLessThan(150);
  });

  test('takes a limit equal to the word and not one below it, unsigned', () => {
    const kernel = createNonceKernel()!;
    const header = new Uint8Array(80).fill(3);
    kernel.prepare([header]);
    const seen = { high: 0, low: 0 };
    for (let nonce = 0; nonce < 64; nonce += 4) {
      const least = Math.min(...[0, 1, 2, 3].map((lane) => topWord(header, nonce + lane)));
      seen[least >= 2 ** 31 ? 'high' : 'low'] += 1;
      expect(kernel.search(nonce, 4, least)?.nonces).toHaveLength(1);
      expect(kernel.search(nonce, 4, least - 1)).toBeUndefined();
      expect(kernel.search(nonce, 4, 2 ** 32 - 1)?.nonces).toHaveLength(4);
    }
    expect(seen.low).toBeGreaterThan(0);
  });

  test('refuses headers that differ where they may not', () => {
    const kernel = createNonceKernel()!;
    const header = new Uint8Array(80);
    const other = Uint8Array.from(header).fill(1, 68, 72);
    expect(() => kernel.prepare([header, other])).toThrow('byte 68');
    expect(() => kernel.prepare([])).toThrow('1 to 4 headers');
    expect(() => createNonceKernel()!.search(0, 4, 0)).toThrow('prepare first');
  });
});

describe('the pair kernels', () => {
  const kernels = createPairKernels()!;

  test('give the nodes of RFC 6962 and of BLAKE3 in keyed mode, whatever the number of pairs', () => {
    fc.assert(
      fc.property(
        bytes(32),
        fc.array(bytes(64), { maxLength: 30 }),
        fc.nat({ max: 5 }),
        (key, list, offset) => {
          const pairs = concatBytes(new Uint8Array(offset), ...list).subarray(offset);
          expect(kernels.sha256Pairs(pairs)).toEqual(nobleCrypto.hashPairs(pairs));
          expect(kernels.sha256Leaves(pairs)).toEqual(nobleCrypto.hashLeaves(pairs));
          expect(kernels.blake3KeyedPairs(key, pairs)).toEqual(nobleCrypto.hashStatePairs(key, pairs));
        },
      ),
    );
  });

  test('hash messages of up to one block as BLAKE3 does', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 64 }), { maxLength: 30 }), (messages) => {
        const blocks = new Uint8Array(messages.length * 64);
        for (const [index, message] of messages.entries()) blocks.set(message, index * 64);
        const lengths = Uint8Array.from(messages, ({ length }) => length);
        expect(kernels.blake3Short(blocks, lengths)).toEqual(
          concatBytes(...messages.map((message) => nobleCrypto.blake3(message))),
        );
      }),
    );
  });

  test.each([1023, 1024, 1025, 2500])('go through %i pairs, more than the buffers hold', (count) => {
    const pairs = new Uint8Array(count * 64).map((_, at) => (at * 7 + (at >> 8)) & 0xff);
    const key = new Uint8Array(32).fill(9);
    expect(kernels.sha256Pairs(pairs)).toEqual(nobleCrypto.hashPairs(pairs));
    expect(kernels.sha256Leaves(pairs)).toEqual(nobleCrypto.hashLeaves(pairs));
    expect(kernels.blake3KeyedPairs(key, pairs)).toEqual(nobleCrypto.hashStatePairs(key, pairs));
    const lengths = new Uint8Array(count).fill(64);
    expect(kernels.blake3Short(pairs, lengths)).toEqual(nobleCrypto.hashShort(pairs, lengths));
  });
});
