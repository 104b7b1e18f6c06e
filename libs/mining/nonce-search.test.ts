import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { bitsToTarget, decodeHeader, hashToBlockId, headerHash, targetToBytes } from '#chain';
import { hexToBytes, nobleCrypto } from '#crypto';
import { createNonceKernel } from '#wasm-kernels';
import { createHeaderSearch, createScalarKernel, NONCE_COUNT } from './index.js';

/** The genesis block of Bitcoin: 80 bytes, target of 0x1d00ffff (bitcoin.org, block 0). */
const BITCOIN_GENESIS = hexToBytes(
  '0100000000000000000000000000000000000000000000000000000000000000000000003ba3edfd7a7b12b27ac72c3e67768f617fc81bc3888a51323a9fb8aa4b1e5e4a29ab5f49ffff001d1dac2b7c',
);
const BITCOIN_GENESIS_ID = '000000000019d6689c085ae165831e934ff763ae46a2a6c172b3f1b60a8ce26f';
const BITCOIN_GENESIS_NONCE = 2_083_236_893;
const IMPOSSIBLE = new Uint8Array(32);

/** A hash asked for the slow way, as one number. */
function slowHash(header: Uint8Array, nonce: number): bigint {
  const attempt = Uint8Array.from(header);
  new DataView(attempt.buffer).setUint32(76, nonce, true);
  return BigInt(`0x${Buffer.from(nobleCrypto.sha256d(attempt)).reverse().toString('hex')}`);
}

const kernels = [
  ['SIMD', () => createNonceKernel()!],
  ['scalar', createScalarKernel],
] as const;

describe.each(kernels)('the nonce search on the %s kernel', (_, createKernel) => {
  const search = createHeaderSearch(createKernel());
  const around = BITCOIN_GENESIS_NONCE - (BITCOIN_GENESIS_NONCE % 4) - 500;

  test("finds the nonce of Bitcoin's genesis block", () => {
    const target = bitsToTarget(0x1d00ffff);
    if (!target.ok) throw new Error(target.violation.rule);
    search.prepare([BITCOIN_GENESIS], targetToBytes(target.value));
    const { found, shares, hashes } = search.search(around, 1_000);
    expect({ found, shares, hashes }).toEqual({
      found: { index: 0, nonce: BITCOIN_GENESIS_NONCE },
      shares: 1,
      hashes: 504,
    });
    const header = Uint8Array.from(BITCOIN_GENESIS);
    new DataView(header.buffer).setUint32(76, found!.nonce, true);
    const decoded = decodeHeader(header);
    if (!decoded.ok) throw new Error(decoded.violation.rule);
    expect(hashToBlockId(headerHash(nobleCrypto, decoded.value))).toBe(BITCOIN_GENESIS_ID);
  });

  test('agrees with a slow oracle on any headers and target', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 80, maxLength: 80 }),
        fc.integer({ min: 1, max: 4 }),
        fc.bigInt({ min: 2n ** 247n, max: 2n ** 255n }),
        fc.integer({ min: 0, max: NONCE_COUNT / 4 - 20 }),
        fc.integer({ min: 0, max: 12 }),
        (header, headerCount, target, group, groups) => {
          const headers = Array.from({ length: headerCount }, (_, at) =>
            Uint8Array.from(header).fill(at, 3, 4),
          );
          search.prepare(headers, targetToBytes(target));
          const { found } = search.search(4 * group, 4 * groups);
          for (let start = 4 * group; start < 4 * (group + groups); start += 4)
            for (const [index, each] of headers.entries())
              for (let nonce = start; nonce < start + 4; nonce++)
                if (slowHash(each, nonce) <= target) {
                  expect(found).toEqual({ index, nonce });
                  return;
                }
          expect(found).toBeUndefined();
        },
      ),
      { numRuns: 60 },
    );
  });

  test('takes a hash equal to the target and not one above it', () => {
    search.prepare([BITCOIN_GENESIS], hexToBytes(BITCOIN_GENESIS_ID));
    expect(search.search(around, 1_000).found?.nonce).toBe(BITCOIN_GENESIS_NONCE);
    search.prepare([BITCOIN_GENESIS], targetToBytes(BigInt(`0x${BITCOIN_GENESIS_ID}`) - 1n));
    const { found, hashes, shares } = search.search(around, 1_000);
    // What misses the target by one is still a share.
    expect({ found, hashes, shares }).toEqual({ found: undefined, hashes: 1_000, shares: 1 });
  });

  test('tries the last nonce', () => {
    const last = NONCE_COUNT - 1;
    const header = new Uint8Array(80).fill(1);
    search.prepare([header], targetToBytes(slowHash(header, last)));
    const found = search.search(NONCE_COUNT - 4, 4).found;
    expect(slowHash(header, found!.nonce)).toBeLessThanOrEqual(slowHash(header, last));
    search.prepare([header], IMPOSSIBLE);
    expect(search.search(NONCE_COUNT - 4, 4).found).toBeUndefined();
  });
});
