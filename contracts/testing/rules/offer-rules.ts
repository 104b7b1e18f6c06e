import type { KnownTransaction } from '#chain';
import { type RuleVectorFile, VectorBook } from '../../../chain/testing/rules/index.js';
import { overwrite, signBytes, unsignedBytes } from '../../../chain/testing/rules/raw-bytes.js';
import { contractsModule } from '../../module.js';
import type { OfferBody } from '../../offer/offer.js';
import { usualOffer } from '../contract-scenario.js';
import { TERMS } from './terms-network.js';

/** Offers, and the heights that only they carry on the wire. */
export function offerRules(): RuleVectorFile {
  const book = new VectorBook([contractsModule]);
  book.network('terms', TERMS);
  const chain = book.chain('funded', 'terms');
  const provider = chain.wallet('provider');
  chain.fund(1_000n, provider);
  const publish = (changes: Partial<OfferBody>): KnownTransaction =>
    chain.sign(provider, 'offer', { ...usualOffer(provider), minEpochs: 2, maxEpochs: 5, ...changes });
  const ask = (rule: string, verdict: 'accept' | 'refuse', why: string, changes: Partial<OfferBody>): void =>
    book.block(rule, verdict, why, chain, [publish(changes)]);
  ask('offer/epochs', 'accept', '2 to 5 where the network allows 2 to 5', {});
  ask('offer/epochs', 'accept', 'exactly 3', { minEpochs: 3, maxEpochs: 3 });
  ask('offer/epochs', 'refuse', 'from 1', { minEpochs: 1 });
  ask('offer/epochs', 'refuse', 'to 6', { maxEpochs: 6 });
  ask('offer/epochs', 'refuse', '4 to 3', { minEpochs: 4, maxEpochs: 3 });
  ask('offer/collateral', 'accept', '5,000 of 10,000', { collateralBps: 5_000 });
  ask('offer/collateral', 'refuse', '4,999 of 10,000', { collateralBps: 4_999 });
  ask('offer/expired', 'accept', 'it expires one block later', { expiresAt: chain.height + 2 });
  ask('offer/expired', 'refuse', 'it expires with this block', { expiresAt: chain.height + 1 });

  const unsigned = unsignedBytes(publish({ expiresAt: 2 ** 53 - 1 }));
  const bytes = (source: Uint8Array): Uint8Array => signBytes(chain.law, provider, source);
  book.transaction('codec/height-range', 'accept', 'height 2^53 - 1', 'terms', bytes(unsigned));
  const above = overwrite(unsigned, -8, [0, 0, 0, 0, 0, 0, 0x20, 0]);
  book.transaction('codec/height-range', 'refuse', 'height 2^53', 'terms', bytes(above));
  return book.finish();
}
