import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { devnet, mainnet, NETWORKS } from '#chain';
import { InvariantError } from '#errors';
import { burnBound } from './burn-outlook.js';
import { nextBurnPrice } from './burn-price.js';
import { type BurnLot, dropFromLots, inheritLots, mintForProof, openLot } from './lot.js';
import { burnFor, priceContract, shareOf, shareOfUp, slashForMiss, splitTranche } from './price.js';

const amount = fc.bigInt({ min: 0n, max: 10n ** 18n });

const lotOf = (burned: bigint, epochs: number, firstEpoch = 0): BurnLot =>
  openLot(mainnet, {
    burned,
    firstEpoch,
    endEpoch: firstEpoch + epochs,
    firstLeaf: 0,
    leafCount: 4,
    bytes: 1_000n,
  });

/** The one lot after the proofs of some epochs. */
function prove(lot: BurnLot, epochs: readonly number[]): BurnLot {
  return epochs.reduce((now, epoch) => mintForProof([now], epoch).lots[0] as BurnLot, lot);
}

const upTo = (epochs: number): number[] => Array.from({ length: epochs }, (_, epoch) => epoch);

describe('burn lots', () => {
  test('any lot mints at most what it burned, whatever is proven or dropped of it', () => {
    const epochs = fc.integer({ min: 1, max: 400 });
    const drops = fc.array(fc.nat(400), { maxLength: 4 });
    fc.assert(
      fc.property(amount, epochs, fc.uniqueArray(fc.nat(500)), drops, (burned, count, proofs, dropped) => {
        let lots: readonly BurnLot[] = [lotOf(burned, count)];
        let minted = 0n;
        let isProven = false;
        for (const [step, epoch] of proofs.sort((a, b) => a - b).entries()) {
          if (dropped.includes(step)) lots = dropFromLots(lots, 0, 250);
          const { toMiner, toPool, lots: after } = mintForProof(lots, epoch);
          minted += toMiner + toPool;
          if (epoch >= count) expect(toMiner + toPool).toBe(0n);
          else {
            expect(isProven ? toMiner : toPool).toBe(0n);
            isProven = true;
          }
          lots = after;
        }
        expect(lots[0]?.minted).toBe(minted);
        expect(minted).toBeLessThanOrEqual(burned);
      }),
    );
  });

  test('a fully proven lot gives back all but the rounding', () => {
    const lot = prove(lotOf(1_000_003n, 11), upTo(11));
    expect(lot.burned - lot.minted).toBeLessThan(11n);
  });

  test('a lot of one epoch mints the miner’s share only', () => {
    expect(mintForProof([lotOf(1_000n, 1)], 0)).toMatchObject({ toMiner: 200n, toPool: 0n });
  });

  test('a lot mints for its own epochs only', () => {
    const lot = lotOf(1_000n, 2, 5);
    for (const epoch of [4, 7])
      expect(mintForProof([lot], epoch)).toEqual({ toMiner: 0n, toPool: 0n, lots: [lot] });
  });

  test('what was dropped is never minted', () => {
    const [half] = dropFromLots([lotOf(1_000n, 5)], 3, 500) as [BurnLot];
    expect(mintForProof([half], 0).toMiner).toBe(100n);
    expect(prove(half, upTo(5)).minted).toBe(500n);
    expect(dropFromLots([half], 4, 500)).toEqual([half]);
  });

  test('what a replacement inherits mints no more than was left', () => {
    const proven = prove(lotOf(1_000n, 10), [0, 1, 2]);
    const [rest] = inheritLots([proven], 4, 6) as [BurnLot];
    expect(rest).toMatchObject({ firstEpoch: 0, endEpoch: 6, isProven: true, minted: proven.minted });
    expect(prove(rest, upTo(9)).minted).toBe(proven.minted + 6n * proven.perEpoch);
    expect(inheritLots([proven], 10, 3)).toEqual([]);
    expect(inheritLots([lotOf(9n, 3, 8)], 4, 3)).toEqual([]);
  });

  test('minting more than was burned is our own fault', () => {
    const spent = { ...lotOf(1_000n, 2), minted: 1_000n };
    expect(() => mintForProof([spent], 0)).toThrow(InvariantError);
  });
});

describe('the burn price', () => {
  const { burnPerGiBEpoch: floor, burnTargetMiBEpochs: target } = mainnet.mint;

  test('moves by at most an eighth a period, up above the target and down below it', () => {
    const price = 8n * floor;
    expect(nextBurnPrice(mainnet, price, target)).toBe(price);
    expect(nextBurnPrice(mainnet, price, 2n * target)).toBe(price + price / 8n);
    expect(nextBurnPrice(mainnet, price, 1_000n * target)).toBe(price + price / 8n);
    expect(nextBurnPrice(mainnet, price, (3n * target) / 2n)).toBe(price + price / 16n);
    expect(nextBurnPrice(mainnet, price, 0n)).toBe(price - price / 8n);
  });

  test('never falls below its floor, nor rises above its highest value', () => {
    expect(nextBurnPrice(mainnet, floor, 0n)).toBe(floor);
    expect(nextBurnPrice(mainnet, floor + 1n, 0n)).toBe(floor);
    const most = floor << 32n;
    for (const price of [most, most - 1n]) expect(nextBurnPrice(mainnet, price, 2n * target)).toBe(most);
  });

  test('the bound a client signs holds whatever one period does to the price', () => {
    fc.assert(
      fc.property(fc.bigInt(floor, floor << 30n), fc.bigInt(0n, target << 2n), (price, median) => {
        const after = nextBurnPrice(mainnet, price, median);
        expect(burnFor(after, 123_456_789n, 30)).toBeLessThanOrEqual(burnBound(price, 123_456_789n, 30));
      }),
    );
  });
});

describe('prices', () => {
  test('are exact integers, rounded up once per epoch and once for the burn', () => {
    const terms = { basePerEpoch: 7n, pricePerGiBEpoch: 1_000n, totalBytes: (1n << 30n) + 1n, epochs: 3 };
    const price = priceContract(devnet, terms);
    expect(price.tranche).toBe(7n + 1_001n);
    expect(price.escrow).toBe(3n * price.tranche);
    expect(burnFor(100_000n, terms.totalBytes, 3)).toBe(300_001n);
    expect(price.minCollateral).toBe(price.escrow / 2n);
  });

  test('nothing is ever stored without a burn', () => {
    const least = { basePerEpoch: 0n, pricePerGiBEpoch: 0n, totalBytes: 1n, epochs: 1 };
    for (const { mint } of Object.values(NETWORKS))
      expect(burnFor(mint.burnPerGiBEpoch, least.totalBytes, least.epochs)).toBe(1n);
  });

  test('splits lose nothing', () => {
    fc.assert(
      fc.property(amount, fc.constantFrom(...Object.values(NETWORKS)), (value, params) => {
        const { paid, vesting } = splitTranche(params, value);
        expect(paid + vesting).toBe(value);
        expect(vesting).toBeLessThanOrEqual(paid);
        const { burned, toClient } = slashForMiss(params, value);
        expect(burned + toClient).toBeLessThanOrEqual(value);
        expect(burned).toBeGreaterThanOrEqual(toClient);
        expect(shareOfUp(value, 3_333n) - shareOf(value, 3_333n)).toBeLessThanOrEqual(1n);
      }),
    );
  });
});
