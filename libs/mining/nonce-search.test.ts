import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { bitsToTarget, decodeHeader, hashToBlockId, headerHash, targetToBytes } from '#chain';
import { hexToBytes, nobleCrypto } from '#crypto';
import { NONCE_COUNT, searchNonces } from './index.js';

/** The genesis block of Bitcoin: 80 bytes, target of 0x1d00ffff (bitcoin.org, block 0). */
const BITCOIN_GENESIS = hexToBytes(
  '0100000000000000000000000000000000000000000000000000000000000000000000003ba3edfd7a7b12b27ac72c3e67768f617fc81bc3888a51323a9fb8aa4b1e5e4a29ab5f49ffff001d1dac2b7c',
);
const BITCOIN_GENESIS_ID = '000000000019d6689c085ae165831e934ff763ae46a2a6c172b3f1b60a8ce26f';
const BITCOIN_GENESIS_NONCE = 2_083_236_893;

/** The same question asked the slow way: the whole hash as one number. */
function slowSearch(header: Uint8Array, target: bigint, from: number, count: number): number | undefined {
  for (let nonce = from; nonce < Math.min(from + count, NONCE_COUNT); nonce += 1) {
    const attempt = Uint8Array.from(header);
    new DataView(attempt.buffer).setUint32(76, nonce, true);
    const number = BigInt(`0x${Buffer.from(nobleCrypto.sha256d(attempt)).reverse().toString('hex')}`);
    if (number <= target) return nonce;
  }
  return undefined;
}

describe('searchNonces', () => {
  test("finds the nonce of Bitcoin's genesis block", () => {
    const header = Uint8Array.from(BITCOIN_GENESIS);
    const target = bitsToTarget(0x1d00ffff);
    if (!target.ok) throw new Error(target.violation.rule);
    const nonce = searchNonces(header, targetToBytes(target.value), BITCOIN_GENESIS_NONCE - 500, 1_000);
    expect(nonce).toBe(BITCOIN_GENESIS_NONCE);
    const decoded = decodeHeader(header);
    if (!decoded.ok) throw new Error(decoded.violation.rule);
    expect(hashToBlockId(headerHash(nobleCrypto, decoded.value))).toBe(BITCOIN_GENESIS_ID);
  });

  test('agrees with a slow oracle on any header and target', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 80, maxLength: 80 }),
        fc.bigInt({ min: 2n ** 247n, max: 2n ** 255n }),
        fc.integer({ min: 0, max: NONCE_COUNT - 1 }),
        fc.integer({ min: 0, max: 60 }),
        (header, target, from, count) => {
          const expected = slowSearch(header, target, from, count);
          expect(searchNonces(Uint8Array.from(header), targetToBytes(target), from, count)).toBe(expected);
        },
      ),
      { numRuns: 60 },
    );
  });

  test('takes a hash equal to the target and not one above it', () => {
    const header = Uint8Array.from(BITCOIN_GENESIS);
    const own = hexToBytes(BITCOIN_GENESIS_ID);
    expect(searchNonces(header, own, BITCOIN_GENESIS_NONCE, 1)).toBe(BITCOIN_GENESIS_NONCE);
    const below = targetToBytes(BigInt(`0x${BITCOIN_GENESIS_ID}`) - 1n);
    expect(searchNonces(header, below, BITCOIN_GENESIS_NONCE, 1)).toBeUndefined();
  });

  test('tries the last nonce and none beyond it', () => {
    const header = Uint8Array.from(BITCOIN_GENESIS);
    const any = new Uint8Array(32).fill(0xff);
    expect(searchNonces(header, any, NONCE_COUNT - 1, 10)).toBe(NONCE_COUNT - 1);
    expect(searchNonces(header, new Uint8Array(32), NONCE_COUNT - 2, 10)).toBeUndefined();
  });
});
