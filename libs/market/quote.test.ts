import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { devnet, encodeTransaction, mainnet } from '#chain';
import { burnFor, priceContract } from '#contracts';
import type { OfferView } from '#wire';
import { MIN_FEE_PER_BYTE, type QuoteItem, quoteContracts } from './index.js';
import { formTransactionOf } from './testing/index.js';

const offer = (basePerEpoch: bigint, pricePerGiBEpoch: bigint): OfferView => ({
  provider: 'ab'.repeat(20),
  address: 'dcairn1…',
  publicKey: '00'.repeat(32),
  number: '1',
  basePerEpoch: String(basePerEpoch),
  pricePerGiBEpoch: String(pricePerGiBEpoch),
  collateralBps: 10_000,
  minEpochs: 1,
  maxEpochs: 3_650,
  capacityBytes: '1',
  usedBytes: '0',
  payout: 'dcairn1…',
  publishedAt: 1,
  expiresAt: 2,
});

describe('a quote', () => {
  test('by hand: one GiB for 10 epochs at 1,000 a GiB and 7 an epoch', () => {
    const quote = quoteContracts(
      mainnet,
      100_000n,
      [{ offer: offer(7n, 1_000n), totalBytes: 1n << 30n, fragmentCount: 1_024 }],
      10,
    );
    expect(quote).toEqual({
      contracts: 1,
      epochs: 10,
      storedBytes: 1n << 30n,
      storage: 10_070n,
      burn: 1_000_000n,
      fees: 470n + 36n * 1_024n,
      total: 10_070n + 1_000_000n + 470n + 36n * 1_024n,
    });
  });

  test('of nothing costs nothing', () => {
    expect(quoteContracts(devnet, 100_000n, [], 10)).toMatchObject({ contracts: 0, total: 0n });
  });

  test('is the sum of what the law will take, item by item', () => {
    const item = fc.record({
      base: fc.bigInt({ min: 0n, max: 10n ** 9n }),
      price: fc.bigInt({ min: 0n, max: 10n ** 9n }),
      totalBytes: fc.bigInt({ min: 1n, max: 1n << 44n }),
      fragmentCount: fc.integer({ min: 1, max: 8_192 }),
    });
    fc.assert(
      fc.property(fc.array(item, { maxLength: 10 }), fc.integer({ min: 1, max: 3_650 }), (shapes, epochs) => {
        const items: QuoteItem[] = shapes.map(({ base, price, ...rest }) => ({
          offer: offer(base, price),
          ...rest,
        }));
        const quote = quoteContracts(devnet, 77_777n, items, epochs);
        const prices = shapes.map(({ base, price, totalBytes }) =>
          priceContract(devnet, { basePerEpoch: base, pricePerGiBEpoch: price, totalBytes, epochs }),
        );
        expect(quote.storage).toBe(prices.reduce((sum, { escrow }) => sum + escrow, 0n));
        expect(quote.burn).toBe(
          shapes.reduce((sum, { totalBytes }) => sum + burnFor(77_777n, totalBytes, epochs), 0n),
        );
        expect(quote.total).toBe(quote.storage + quote.burn + quote.fees);
      }),
      { verbose: true },
    );
  });

  test.each([1, 2, 100, 8_192])(
    'its fees cover a form transaction of %i fragments, and not by much',
    (count) => {
      const { law, transaction } = formTransactionOf(count);
      const least = BigInt(encodeTransaction(law, transaction).length) * MIN_FEE_PER_BYTE;
      const { fees } = quoteContracts(
        devnet,
        100_000n,
        [{ offer: offer(1n, 1n), totalBytes: BigInt(count) * 1_024n, fragmentCount: count }],
        1,
      );
      expect(fees).toBeGreaterThanOrEqual(least);
      expect(fees - least).toBeLessThan(100n);
    },
  );
});
