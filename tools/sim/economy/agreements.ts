import type { ContractId } from '#chain';
import {
  type Agreement,
  agreementSigningMessage,
  challengeSlot,
  contractIdOf,
  type FormBody,
  type OfferBody,
  priceContract,
  shareOfUp,
} from '#contracts';
import { u32le } from '#crypto';
import type { Dataset } from './dataset.js';
import type { LawChain } from './law-chain.js';
import type { Party } from './party.js';

/** Nothing in a simulation lapses. */
const FOREVER = 1_000_000;
const NO_LIMIT = 1n << 60n;

/** What two simulated parties agree on. */
export interface SimTerms {
  readonly client: Party;
  readonly provider: Party;
  readonly dataset: Dataset;
  readonly epochs: number;
  readonly pricePerGiBEpoch: bigint;
  /** Makes the contract's id; ground where that pays. */
  readonly nonce: Uint8Array;
  /** Who may give the contract to another provider. */
  readonly repairer?: Party | undefined;
  /** What the client sets aside for that, in percent of the price. */
  readonly reservePercent?: number | undefined;
}

/** An offer that takes every agreement of the simulation. */
export function simOffer(provider: Party): OfferBody {
  return {
    basePerEpoch: 0n,
    pricePerGiBEpoch: 0n,
    pricePerGiBRead: 0n,
    freeReadBytesPerEpoch: 0n,
    collateralBps: 5_000,
    minEpochs: 1,
    maxEpochs: 1_000,
    capacityBytes: NO_LIMIT,
    payout: provider.account,
    expiresAt: FOREVER,
  };
}

/** The agreement of simulated terms, at the least collateral the law allows. */
export function simAgreement(chain: LawChain, terms: SimTerms): Agreement {
  const { params } = chain.law;
  const { client, provider, dataset, epochs, pricePerGiBEpoch, nonce } = terms;
  const size = { basePerEpoch: 0n, pricePerGiBEpoch, epochs, totalBytes: dataset.commitment.totalBytes };
  const { escrow } = priceContract(params, size);
  return {
    clientKey: client.publicKey,
    providerKey: provider.publicKey,
    nonce,
    ticketKey: client.publicKey,
    payout: provider.account,
    offerNumber: 1n,
    formBy: FOREVER,
    pricePerGiBRead: 0n,
    freeReadBytesPerEpoch: 0n,
    readEscrow: 0n,
    repair:
      terms.repairer === undefined
        ? undefined
        : { key: terms.repairer.publicKey, maxBasePerEpoch: 0n, maxPricePerGiBEpoch: pricePerGiBEpoch },
    reserve: (escrow * BigInt(terms.reservePercent ?? 0)) / 100n,
    maxBurn: NO_LIMIT,
    collateral: shareOfUp(escrow, params.contract.minCollateralBps),
    ...size,
    ...dataset.commitment,
  };
}

/** The provider's signature under an agreement. */
export function signAgreement(chain: LawChain, provider: Party, agreement: Agreement): Uint8Array {
  const { params, crypto } = chain.law;
  return crypto.sign(provider.secretKey, agreementSigningMessage(crypto, params, agreement));
}

/** Body of the `form`, countersigned. */
export function simForm(
  chain: LawChain,
  { provider, dataset }: Pick<SimTerms, 'provider' | 'dataset'>,
  agreement: Agreement,
): FormBody {
  return {
    agreement,
    fragments: [...dataset.entries],
    providerSignature: signAgreement(chain, provider, agreement),
  };
}

/** The nonce of a number; contracts of different farms never share one. */
export function simNonce(farm: number, contract: number, attempt: number): Uint8Array {
  const nonce = new Uint8Array(16);
  nonce.set(u32le(farm), 0);
  nonce.set(u32le(contract), 4);
  nonce.set(u32le(attempt), 8);
  return nonce;
}

/** A nonce whose contract is challenged on a slot of its own choice: a few hundred hashes, no coin. */
export function grindNonce(
  chain: LawChain,
  parties: { readonly client: Party; readonly provider: Party },
  slot: number,
  farm: number,
  contract: number,
): Uint8Array {
  const { law } = chain;
  for (let attempt = 1; ; attempt++) {
    const nonce = simNonce(farm, contract, attempt);
    const keys = { clientKey: parties.client.publicKey, providerKey: parties.provider.publicKey, nonce };
    const id: ContractId = contractIdOf(law.crypto, law.params, keys);
    if (challengeSlot(law, id) === slot) return nonce;
  }
}
