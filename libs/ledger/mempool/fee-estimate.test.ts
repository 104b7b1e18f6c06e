import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { KnownBlock, KnownTransaction } from '#chain';
import { createNetworkLaw } from '#contracts';
import { nativeCrypto } from '#crypto-native';
import { fastDevnet } from '../../../chain/testing/memory-chain.js';
import { FeeEstimator } from './fee-estimate.js';
import { FeeHistogram } from './fee-histogram.js';

const law = createNetworkLaw(fastDevnet, nativeCrypto);
const { maxBlockBytes, proofReserveBps } = fastDevnet.limits;
const room = maxBlockBytes - Math.floor((maxBlockBytes * proofReserveBps) / 10_000);

function paying(feePerByte: number, sizeBytes: number, kind = 'transfer'): KnownTransaction {
  return {
    bytes: new Uint8Array(sizeBytes),
    transaction: { kind, fee: BigInt(Math.round(feePerByte * sizeBytes)) },
  } as unknown as KnownTransaction;
}
const blockOf = (...transactions: KnownTransaction[]) => ({ transactions }) as unknown as KnownBlock;

describe('the histogram of fees', () => {
  it('names a price that beats all but so many bytes, at most a tenth and a rounding too high', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.record({ rate: fc.integer({ min: 1, max: 5_000 }), size: fc.integer({ min: 1, max: 900 }) }),
          {
            minLength: 1,
            maxLength: 60,
          },
        ),
        fc.integer({ min: 1, max: 20_000 }),
        (list, bytes) => {
          const all = list.map(({ rate, size }) => paying(rate, size));
          const histogram = new FeeHistogram();
          // What came and went leaves nothing.
          for (const known of [...all, paying(7, 100)]) histogram.add(known);
          histogram.remove(paying(7, 100));
          const price = Number(histogram.rateAhead(bytes));
          const sorted = [...list].sort((a, b) => b.rate - a.rate);
          let ahead = 0;
          const last = sorted.find(({ size }) => {
            ahead += size;
            return ahead >= bytes;
          });
          if (last === undefined) expect(price).toBe(0);
          else {
            expect(price).toBeGreaterThanOrEqual(last.rate);
            expect(price).toBeLessThanOrEqual(last.rate * 1.1 + 1.01);
          }
        },
      ),
    );
  });
});

describe('the estimate', () => {
  it('rises with what waits, the nearer the block the more', () => {
    const estimator = new FeeEstimator(law, 1n);
    const waiting = new FeeHistogram();
    const fill = (blocks: number, rate: number) => {
      for (let bytes = 0; bytes < blocks * room; bytes += 10_000) waiting.add(paying(rate, 10_000));
    };
    fill(1, 50);
    expect(Number(estimator.estimate(waiting).next.feePerByte)).toBeGreaterThanOrEqual(50);
    expect(estimator.estimate(waiting).soon.feePerByte).toBe('1');
    fill(5, 20);
    const { next, soon, economy } = estimator.estimate(waiting);
    expect(Number(next.feePerByte)).toBeGreaterThanOrEqual(50);
    expect(Number(soon.feePerByte)).toBeGreaterThanOrEqual(20);
    expect(Number(soon.feePerByte)).toBeLessThan(30);
    expect(economy.feePerByte).toBe('1');
  });

  it('remembers what full blocks turned away, proofs apart, and forgets blocks that left', () => {
    const estimator = new FeeEstimator(law, 1n);
    const empty = new FeeHistogram();
    const full = blockOf(paying(9, room - 100), paying(40, 50), paying(2, 1_000, 'prove'));
    const half = blockOf(paying(9, room / 2));
    estimator.blockJoined(1, half);
    expect(estimator.estimate(empty).next.feePerByte).toBe('1');
    estimator.blockJoined(2, full);
    expect(estimator.estimate(empty)).toMatchObject({
      next: { feePerByte: '9' },
      economy: { feePerByte: '1' },
    });
    estimator.blockJoined(3, full);
    expect(estimator.estimate(empty).soon.feePerByte).toBe('9');
    // Another branch from height 2 on, with room.
    estimator.blockJoined(2, half);
    expect(estimator.estimate(empty)).toMatchObject({ next: { feePerByte: '1' }, soon: { feePerByte: '1' } });
  });
});
