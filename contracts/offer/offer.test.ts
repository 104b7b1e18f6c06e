import { beforeEach, describe, expect, test } from '@jest/globals';
import { createMemoryChain, type MemoryChain } from '../../chain/testing/memory-chain.js';
import type { Wallet } from '../../chain/testing/wallet.js';
import { contractsModule } from '../module.js';
import { usualOffer } from '../testing/contract-scenario.js';
import { type OfferBody, offerSpace } from './offer.js';

let chain: MemoryChain;
let provider: Wallet;

beforeEach(() => {
  chain = createMemoryChain([contractsModule]);
  provider = chain.wallet('provider');
});

const publish = (changes: Partial<OfferBody> = {}): unknown =>
  chain.template([chain.sign(provider, 'offer', { ...usualOffer(provider), ...changes })]).refusals[0]
    ?.violation;

describe('offer', () => {
  test('the newest replaces the one before and carries the next number', () => {
    chain.mineBlock([chain.sign(provider, 'offer', usualOffer(provider))]);
    const cheaper = { ...usualOffer(provider), basePerEpoch: 1n };
    chain.mineBlock([chain.sign(provider, 'offer', cheaper)]);
    expect(chain.state.get(offerSpace, provider.account)).toEqual({
      ...cheaper,
      publicKey: provider.publicKey,
      number: 2n,
      publishedAt: 2,
    });
  });

  test.each([
    ['offer/epochs', { minEpochs: 0 }],
    ['offer/epochs', { minEpochs: 5, maxEpochs: 4 }],
    ['offer/epochs', { maxEpochs: 3_651 }],
    ['offer/collateral', { collateralBps: 4_999 }],
    ['offer/expired', { expiresAt: 1 }],
    ['offer/expired', { expiresAt: 0 }],
  ] as [string, Partial<OfferBody>][])('%s', (rule, changes) => {
    expect(publish(changes)).toMatchObject({ rule });
  });

  test.each([
    ['one epoch only', { minEpochs: 1, maxEpochs: 1 }],
    ['the longest term', { maxEpochs: 3_650 }],
    ['for free', { basePerEpoch: 0n, pricePerGiBEpoch: 0n }],
    ['withdrawn', { capacityBytes: 0n }],
    ['for the next block only', { expiresAt: 2 }],
  ] as [string, Partial<OfferBody>][])('accepted: %s', (_why, changes) => {
    expect(publish(changes)).toBeUndefined();
  });
});
