import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { KnownTransaction } from '#chain';
import { createNetworkLaw } from '#contracts';
import { nativeCrypto } from '#crypto-native';
import { fastDevnet } from '../../../chain/testing/memory-chain.js';
import { orderByFee, queueKey } from './fee-order.js';
import { compareFeeRate } from './mempool-policy.js';

const law = createNetworkLaw(fastDevnet, nativeCrypto);

const transaction = fc.record({
  account: fc.integer({ min: 0, max: 3 }),
  lane: fc.integer({ min: 0, max: 1 }),
  fee: fc.bigInt({ min: 0n, max: 50n }),
  sizeBytes: fc.integer({ min: 1, max: 9 }),
  isProof: fc.boolean(),
});

function toKnown(parts: typeof transaction extends fc.Arbitrary<infer T> ? T : never, index: number) {
  const { account, lane, fee, sizeBytes, isProof } = parts;
  return {
    id: String(index),
    account: String(account),
    bytes: new Uint8Array(sizeBytes),
    transaction: { kind: isProof ? 'prove' : 'transfer', lane, fee, sequence: BigInt(index) },
  } as unknown as KnownTransaction;
}

describe('the order of candidates', () => {
  it('holds all of them, lanes in sequence, and always the best of what could come next', () => {
    fc.assert(
      fc.property(fc.array(transaction, { maxLength: 40 }), (parts) => {
        const arrived = parts.map(toKnown);
        const ordered = orderByFee(law, arrived);
        expect(new Set(ordered)).toEqual(new Set(arrived));
        expect(ordered).toHaveLength(arrived.length);
        const left = [...arrived];
        for (const known of ordered) {
          const heads = left.filter(
            (one, at) => left.findIndex((other) => queueKey(law, other) === queueKey(law, one)) === at,
          );
          expect(heads).toContain(known);
          for (const other of heads) expect(compareFeeRate(known, other)).toBeGreaterThanOrEqual(0);
          left.splice(left.indexOf(known), 1);
        }
      }),
    );
  });
});
