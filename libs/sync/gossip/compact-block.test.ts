import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { blockSchema, decode, type KnownTransaction } from '#chain';
import { bytesToHex } from '#crypto';
import { toShortId } from '../messages/short-ids.js';
import { newTestChain } from '../testing/index.js';
import { blockToAnnouncement, openPartialBlock } from './compact-block.js';

const chain = newTestChain(8);
const faucet = chain.faucet();
const transactions = Array.from({ length: 40 }, (_, at) =>
  chain.transfer(faucet, chain.wallet(`w${at % 7}`).account, BigInt(at + 1), {
    sequence: BigInt(at),
    fee: 10n,
  }),
);
const block = chain.draft(transactions);

describe('compact blocks', () => {
  test('whatever part of a block a pool has, the rest and nothing else is missing', () => {
    const { law } = chain;
    expect(block.transactions).toHaveLength(40);
    fc.assert(
      fc.property(fc.subarray(transactions), fc.uint8Array({ minLength: 8, maxLength: 8 }), (pool, salt) => {
        const partial = openPartialBlock(law, blockToAnnouncement(law, block.bytes, salt));
        if (partial === undefined) throw new Error('no announcement');
        const matched = partial.match(pool.map(({ id }) => id));
        for (const [place, id] of matched) {
          const known = pool.find((each) => each.id === id) as KnownTransaction;
          partial.fill(place, known.bytes);
        }
        const poolIds = new Set(pool.map(({ id }) => id));
        const expected = block.transactions.flatMap(({ id }, place) => (poolIds.has(id) ? [] : [place]));
        expect(partial.missing).toEqual(expected);
        for (const place of partial.missing)
          partial.fill(place, (block.transactions[place] as KnownTransaction).bytes);
        expect(bytesToHex(partial.toBytes())).toBe(bytesToHex(block.bytes));
      }),
      { numRuns: 50 },
    );
  });

  test('two of the pool that fit one place fill none', () => {
    const { law } = chain;
    const announcement = blockToAnnouncement(law, block.bytes, new Uint8Array(8));
    const partial = openPartialBlock(law, announcement);
    const [first] = block.transactions;
    if (partial === undefined || first === undefined) throw new Error('no announcement');
    // The same id twice stands for two ids with one short id: 48 bits are not searched in a test.
    expect([...partial.match([first.id, first.id]).keys()]).toEqual([]);
    expect([...partial.match([first.id]).keys()]).toEqual([0]);
  });

  test('another salt gives other short ids', () => {
    const { law } = chain;
    const [a, b] = [0, 1].map(
      (byte) => blockToAnnouncement(law, block.bytes, new Uint8Array(8).fill(byte)).shortIds,
    );
    expect(a).not.toEqual(b);
    const decoded = decode(blockSchema, block.bytes);
    expect(decoded.ok && decoded.value.transactions.length).toBe(40);
    expect(toShortId([1, 2, 3, 4], (block.transactions[0] as KnownTransaction).id)).toBeLessThan(2 ** 48);
  });
});
