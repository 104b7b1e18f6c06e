import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { devnet, encodeTransaction, mainnet } from '#chain';
import { burnFor, priceContract } from '#contracts';
import type { OfferView } from '#wire';
import {
  amountPerGiB,
  amountPerMonth,
  epochsToSeconds,
  MIN_FEE_PER_BYTE,
  MONTH_SECONDS,
  type QuoteItem,
  quoteContracts,
  readEscrowFor,
  reserveForRepair,
} from './index.js';
import { formTransactionOf } from './testing/index.js';

const offer = (basePerEpoch: bigint, pricePerGiBEpoch: bigint): OfferView => ({
  provider: 'ab'.repeat(20),
  address: 'dcairn1…',
  publicKey: '00'.repeat(32),
  number: '1',
  basePerEpoch: String(basePerEpoch),
  pricePerGiBEpoch: String(pricePerGiBEpoch),
  pricePerGiBRead: '2000',
  freeReadBytesPerEpoch: String(1 << 20),
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
      { burnPerGiBEpoch: 100_000n },
      [{ offer: offer(7n, 1_000n), totalBytes: 1n << 30n, fragmentCount: 1_024 }],
      10,
    );
    const fees = 470n + 36n * 1_024n;
    const price = {
      storage: 10_070n,
      burn: 1_000_000n,
      // The price may rise by an eighth before the block that registers it.
      burnAtMost: 1_125_000n,
      fees,
      reserve: 0n,
      reads: 0n,
      cost: 1_010_070n + fees,
      total: 1_010_070n + fees,
      totalAtMost: 1_135_070n + fees,
    };
    expect(quote).toEqual({
      contracts: 1,
      epochs: 10,
      storedBytes: 1n << 30n,
      ...price,
      lines: [
        {
          provider: 'ab'.repeat(20),
          address: 'dcairn1…',
          totalBytes: 1n << 30n,
          fragments: 1_024,
          ...price,
        },
      ],
    });
  });

  test('counts fees at the price of a place in a block, and deposits beside the cost', () => {
    const prices = { burnPerGiBEpoch: 100_000n, feePerByte: 7n };
    const item = { offer: offer(7n, 1_000n), totalBytes: 1n << 30n, fragmentCount: 2 };
    const plain = quoteContracts(mainnet, prices, [item], 10);
    expect(plain.fees).toBe((470n + 72n) * 7n);
    const reserve = reserveForRepair(mainnet, prices, item, 10);
    // A tenth of the price as bounty, and the fee of a replacement that names its caps.
    expect(reserve).toBe(1_007n + (470n + 72n + 48n) * 7n);
    const readEscrow = readEscrowFor(item, 10, 3);
    // Three times a GiB less a free MiB in each of ten epochs.
    expect(readEscrow).toBe((2_000n * (3n * 1_024n - 10n) + 1_023n) / 1_024n);
    const whole = quoteContracts(mainnet, prices, [{ ...item, reserve, readEscrow }], 10);
    expect(whole.cost).toBe(plain.cost + 48n * 7n);
    expect(whole.total).toBe(whole.cost + reserve + readEscrow);
  });

  test('of a month: 30 days of block time, rounded up', () => {
    // An epoch of the main network is a day, one of a devnet 20 seconds.
    expect(epochsToSeconds(mainnet, 30)).toBe(MONTH_SECONDS);
    expect(amountPerMonth(mainnet, 1_000n, 30)).toBe(1_000n);
    expect(amountPerMonth(mainnet, 1_000n, 365)).toBe(83n);
    expect(amountPerMonth(devnet, 10n, 180)).toBe(7_200n);
    expect(amountPerGiB(10n, 1n << 29n)).toBe(20n);
    expect(amountPerGiB(10n, 0n)).toBeUndefined();
  });

  test('of nothing costs nothing', () => {
    expect(quoteContracts(devnet, { burnPerGiBEpoch: 100_000n }, [], 10)).toMatchObject({
      contracts: 0,
      total: 0n,
    });
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
        const quote = quoteContracts(devnet, { burnPerGiBEpoch: 77_777n }, items, epochs);
        const prices = shapes.map(({ base, price, totalBytes }) =>
          priceContract(devnet, { basePerEpoch: base, pricePerGiBEpoch: price, totalBytes, epochs }),
        );
        expect(quote.storage).toBe(prices.reduce((sum, { escrow }) => sum + escrow, 0n));
        expect(quote.burn).toBe(
          shapes.reduce((sum, { totalBytes }) => sum + burnFor(77_777n, totalBytes, epochs), 0n),
        );
        expect(quote.total).toBe(quote.storage + quote.burn + quote.fees);
        expect(quote.totalAtMost).toBe(quote.lines.reduce((sum, { totalAtMost }) => sum + totalAtMost, 0n));
        expect(quote.burnAtMost).toBeGreaterThanOrEqual(quote.burn);
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
        { burnPerGiBEpoch: 100_000n },
        [{ offer: offer(1n, 1n), totalBytes: BigInt(count) * 1_024n, fragmentCount: count }],
        1,
      );
      expect(fees).toBeGreaterThanOrEqual(least);
      expect(fees - least).toBeLessThan(100n);
    },
  );
});
