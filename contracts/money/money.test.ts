import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { devnet, mainnet, NETWORKS } from '#chain';
import { InvariantError } from '#errors';
import { mintForProof, openLot } from './lot.js';
import { divideUp, priceContract, shareOf, shareOfUp, slashForMiss, splitTranche } from './price.js';

const amount = fc.bigInt({ min: 0n, max: 10n ** 18n });

describe('burn lots', () => {
  test('any lot mints at most what it burned, whatever is proven of it', () => {
    fc.assert(
      fc.property(amount, fc.integer({ min: 1, max: 400 }), fc.nat(400), (burned, epochs, proofs) => {
        let lot = openLot(burned, epochs);
        let minted = 0n;
        for (let proof = 0; proof < Math.min(proofs, epochs); proof++) {
          const step = mintForProof(mainnet, lot);
          minted += step.toMiner + step.toPool;
          expect(step.toMiner > 0n && proof > 0).toBe(false);
          expect(step.toPool > 0n && proof === 0).toBe(false);
          lot = step.lot;
        }
        expect(lot.minted).toBe(minted);
        expect(minted).toBeLessThanOrEqual(burned);
      }),
    );
  });

  test('a fully proven lot gives back all but the rounding', () => {
    let lot = openLot(1_000_003n, 11);
    for (let proof = 0; proof < 11; proof++) lot = mintForProof(mainnet, lot).lot;
    expect(lot.burned - lot.minted).toBeLessThan(11n);
  });

  test('a lot of one epoch mints the miner’s share only', () => {
    expect(mintForProof(mainnet, openLot(1_000n, 1))).toMatchObject({ toMiner: 200n, toPool: 0n });
  });

  test('minting more epochs than the lot has is our own fault', () => {
    let lot = openLot(1_000n, 2);
    for (let proof = 0; proof < 2; proof++) lot = mintForProof(mainnet, lot).lot;
    expect(() => mintForProof(mainnet, lot)).toThrow(InvariantError);
  });
});

describe('prices', () => {
  test('are exact integers, rounded up once per epoch and once for the burn', () => {
    const terms = { basePerEpoch: 7n, pricePerGiBEpoch: 1_000n, totalBytes: (1n << 30n) + 1n, epochs: 3 };
    const price = priceContract(devnet, terms);
    expect(price.tranche).toBe(7n + 1_001n);
    expect(price.escrow).toBe(3n * price.tranche);
    expect(price.burn).toBe(divideUp(100_000n * terms.totalBytes * 3n, 1n << 30n));
    expect(price.burn).toBe(300_001n);
    expect(price.minCollateral).toBe(price.escrow / 2n);
  });

  test('nothing is ever stored without a burn', () => {
    const least = { basePerEpoch: 0n, pricePerGiBEpoch: 0n, totalBytes: 1n, epochs: 1 };
    for (const params of Object.values(NETWORKS)) expect(priceContract(params, least).burn).toBe(1n);
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
