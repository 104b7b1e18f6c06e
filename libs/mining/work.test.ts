import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { decodeHeader, VERSION_ROLLING_MASK } from '#chain';
import { bytesToHex } from '#crypto';
import { TestLedger } from '../ledger/testing/index.js';
import { createWork, NONCE_OFFSET } from './index.js';

let chain: TestLedger;
beforeEach(async () => {
  chain = await TestLedger.open();
});
afterEach(async () => {
  await chain.close();
});

test('variants roll the version first, then the extranonce, and are all different', async () => {
  const template = await chain.ledger.template({ miner: chain.address(chain.miner) });
  const work = createWork(template, chain.clock.seconds, Uint8Array.of(1, 2, 3, 4));
  const variants = [0, 1, 2, 3, 4, 65_535, 65_536, 65_537, 10_000_000_000];
  const headers = variants.map((variant) => work.headerOf(variant));
  expect(new Set(headers.map(bytesToHex)).size).toBe(variants.length);
  const [first, ...others] = headers.map((header) => {
    const decoded = decodeHeader(header);
    if (!decoded.ok) throw new Error(decoded.violation.rule);
    return decoded.value;
  });
  for (const other of others)
    expect((other.version & ~VERSION_ROLLING_MASK) >>> 0).toBe(
      (first!.version & ~VERSION_ROLLING_MASK) >>> 0,
    );
  // Up to the last version of one extranonce the merkle root stays, so the last 16 bytes do.
  const tails = headers.map((header) => bytesToHex(header.subarray(64, NONCE_OFFSET)));
  expect(new Set(tails.slice(0, 6)).size).toBe(1);
  expect(new Set(tails.slice(5)).size).toBe(3);
});

test('a node takes the solution of a variant with rolled version and extranonce', async () => {
  const template = await chain.ledger.template({ miner: chain.address(chain.miner) });
  chain.clock.seconds += 10;
  const work = createWork(template, chain.clock.seconds, Uint8Array.of(1, 2, 3, 4));
  for (let nonce = 0; ; nonce++) {
    const { blockId, request } = work.solution(3 * 65_536 + 41_234, nonce);
    if (Buffer.compare(Buffer.from(blockId, 'hex'), work.target) > 0) continue;
    expect(await chain.ledger.submitSolution(request)).toEqual({ id: blockId, height: 1 });
    return;
  }
});
