import {
  type ContractId,
  collateralPot,
  escrowPot,
  type FragmentId,
  type KnownTransaction,
  type LawModule,
  type NetworkParams,
  vestingPot,
} from '#chain';
import { baoSetSlice, blake3Tree, bytesToHex } from '#crypto';
import { assertInvariant } from '#errors';
import { createMemoryChain, fastDevnet, type MemoryChain } from '../../chain/testing/memory-chain.js';
import type { Wallet } from '../../chain/testing/wallet.js';
import type { FormBody } from '../form/form.js';
import { withInvariants } from '../invariants/with-invariants.js';
import { contractSpace, type StorageContract } from '../lifecycle/contract-object.js';
import { challengeHeight, windowCloseHeight, windowOpenHeight } from '../lifecycle/schedule.js';
import { contractsModule } from '../module.js';
import { priceContract, shareOfUp } from '../money/price.js';
import { type OfferBody, offerSpace } from '../offer/offer.js';
import { buildStorageProof } from '../prove/build-proof.js';
import { challengePlan } from '../prove/challenge.js';
import type { DrawPlan } from '../prove/draws.js';
import type { ProveBody } from '../prove/prove.js';
import type { StorageProof } from '../prove/storage-proof.js';
import { type Agreement, agreementSigningMessage, contractIdOf } from '../terms/agreement.js';
import { commitToLeaves, entriesToLeaves, type Leaf } from '../terms/leaves.js';

/** What the client of a scenario agrees to burn at most: far above what it does burn. */
const MAX_BURN = 1_000_000_000_000n;

/** What a test may choose about a scenario. */
export interface ScenarioOptions {
  readonly params?: NetworkParams;
  /** Lengths of the fragments in bytes. */
  readonly fragmentLengths?: readonly number[];
  readonly epochs?: number;
  /** What the provider's offer says other than usual. */
  readonly offer?: Partial<OfferBody>;
  /** Of the law, beside the core: the contracts, every block checked. */
  readonly modules?: readonly LawModule[];
}

/** A client, a provider with an offer, and one agreement over real bytes. */
export interface ScenarioTerms {
  readonly client: Wallet;
  readonly provider: Wallet;
  readonly fragments: readonly Uint8Array[];
  readonly leaves: readonly Leaf[];
  readonly agreement: Agreement;
  readonly id: ContractId;
}

/** Bytes that differ from fragment to fragment and hold no short period. */
export function scenarioFragment(seed: number, lengthBytes: number): Uint8Array {
  const bytes = new Uint8Array(lengthBytes);
  let value = (seed * 2_654_435_761 + 1) >>> 0;
  for (let index = 0; index < lengthBytes; index++) {
    value = (Math.imul(value, 1_664_525) + 1_013_904_223) >>> 0;
    bytes[index] = value >>> 24;
  }
  return bytes;
}

/** A provider's usual offer; payout goes to the provider. */
export function usualOffer(provider: Wallet, expiresAt = 1_000_000): OfferBody {
  return {
    basePerEpoch: 1_000_000n,
    pricePerGiBEpoch: 1_000_000_000n,
    pricePerGiBRead: 1_000_000_000n,
    freeReadBytesPerEpoch: 0n,
    collateralBps: 5_000,
    minEpochs: 1,
    maxEpochs: 100,
    capacityBytes: 1n << 30n,
    payout: provider.account,
    expiresAt,
  };
}

/** Terms of an agreement by a provider's current offer; nothing is on chain yet. */
export function agreeOn(
  chain: MemoryChain,
  client: Wallet,
  provider: Wallet,
  fragments: readonly Uint8Array[],
  choices: Partial<Agreement> & { readonly epochs: number },
): ScenarioTerms {
  const { params, crypto } = chain.law;
  const entries = fragments.map((bytes) => ({
    id: bytesToHex(crypto.blake3(bytes)) as FragmentId,
    lengthBytes: bytes.length,
  }));
  const leaves = entriesToLeaves(entries);
  const offer = chain.state.get(offerSpace, provider.account);
  assertInvariant(leaves.ok && offer !== undefined, 'the scenario needs fragments and an offer');
  const commitment = commitToLeaves(crypto, leaves.value);
  const terms = {
    clientKey: client.publicKey,
    providerKey: provider.publicKey,
    nonce: new Uint8Array(16),
    ticketKey: client.publicKey,
    payout: offer.payout,
    offerNumber: offer.number,
    formBy: chain.height + 10,
    basePerEpoch: offer.basePerEpoch,
    pricePerGiBEpoch: offer.pricePerGiBEpoch,
    pricePerGiBRead: offer.pricePerGiBRead,
    freeReadBytesPerEpoch: offer.freeReadBytesPerEpoch,
    readEscrow: 0n,
    repair: undefined,
    reserve: 0n,
    maxBurn: MAX_BURN,
    collateral: 0n,
    ...commitment,
  };
  const price = priceContract(params, { ...terms, ...choices });
  const agreement = {
    ...terms,
    collateral: shareOfUp(price.escrow, BigInt(offer.collateralBps)),
    ...choices,
  };
  return {
    client,
    provider,
    fragments,
    leaves: leaves.value,
    agreement,
    id: contractIdOf(crypto, params, agreement),
  };
}

/** Body of a `form`, countersigned by the provider. */
export function formBody(chain: MemoryChain, terms: ScenarioTerms, agreement = terms.agreement): FormBody {
  const { params, crypto } = chain.law;
  return {
    agreement,
    fragments: terms.leaves.map(({ id, lengthBytes }) => ({ id, lengthBytes })),
    providerSignature: crypto.sign(
      terms.provider.secretKey,
      agreementSigningMessage(crypto, params, agreement),
    ),
  };
}

/** What the open challenge of a contract asks for. */
export function openChallenge(chain: MemoryChain, { id }: Pick<ScenarioTerms, 'id'>): DrawPlan {
  const { params, crypto } = chain.law;
  const window = chain.state.get(contractSpace, id)?.window;
  assertInvariant(window !== undefined, 'no window is open');
  return challengePlan(crypto, params, {
    contract: id,
    epoch: window.epoch,
    blockId: chain.at(window.challengeHeight).block.id,
    totalChunks: window.totalChunks,
  });
}

/** The proof of what a plan asks for, cut from the contract's real bytes; `leaves` where some were dropped. */
export function proofOf(
  chain: MemoryChain,
  { fragments, leaves }: Pick<ScenarioTerms, 'fragments' | 'leaves'>,
  plan: DrawPlan,
): StorageProof {
  return buildStorageProof(chain.law.crypto, leaves, plan, ({ leafIndex, chunks }) => {
    const bytes = fragments[leafIndex] as Uint8Array;
    return baoSetSlice(blake3Tree(bytes), bytes, chunks);
  });
}

/** The proof that answers the open challenge of a contract. */
export function challengeProof(chain: MemoryChain, terms: ScenarioTerms): StorageProof {
  return proofOf(chain, terms, openChallenge(chain, terms));
}

/** A proof that shows nothing. */
export const EMPTY_PROOF: StorageProof = { leaves: [], siblings: [], slices: [] };

/** One contract's whole life, step by step. */
export class ContractScenario {
  constructor(
    readonly chain: MemoryChain,
    readonly terms: ScenarioTerms,
  ) {}

  get id(): ContractId {
    return this.terms.id;
  }

  get contract(): StorageContract {
    const contract = this.chain.state.get(contractSpace, this.id);
    assertInvariant(contract !== undefined, 'the contract is not formed');
    return contract;
  }

  /** Coins in the contract's own pots. */
  get pots(): { readonly escrow: bigint; readonly vesting: bigint; readonly collateral: bigint } {
    return {
      escrow: this.chain.pot(escrowPot(this.id)),
      vesting: this.chain.pot(vestingPot(this.id)),
      collateral: this.chain.pot(collateralPot(this.id)),
    };
  }

  formTransaction(changes: Partial<FormBody> = {}, fee = 0n): KnownTransaction {
    const body = { ...formBody(this.chain, this.terms), ...changes };
    return this.chain.sign(this.terms.client, 'form', body, { fee });
  }

  /** A `form` whose agreement differs, signed by both sides all the same. */
  formWith(changes: Partial<Agreement>): KnownTransaction {
    const agreement = { ...this.terms.agreement, ...changes };
    return this.formTransaction(formBody(this.chain, this.terms, agreement));
  }

  form(): void {
    this.chain.mineBlock([this.formTransaction()]);
  }

  proveTransaction(
    changes: Partial<ProveBody> = {},
    fee = 0n,
    wallet = this.terms.provider,
  ): KnownTransaction {
    const epoch = this.contract.window?.epoch ?? 0;
    const proof = changes.proof ?? challengeProof(this.chain, this.terms);
    return this.chain.sign(wallet, 'prove', { contract: this.id, epoch, ...changes, proof }, { fee });
  }

  endTransaction(wallet = this.terms.client): KnownTransaction {
    return this.chain.sign(wallet, 'end', { contract: this.id });
  }

  challengeHeight(epoch = 0): number {
    return challengeHeight(this.chain.law, this.id, this.contract, epoch);
  }

  firstProofHeight(epoch = 0): number {
    return windowOpenHeight(this.chain.law.params, this.challengeHeight(epoch));
  }

  lastProofHeight(epoch = 0): number {
    return windowCloseHeight(this.chain.law.params, this.challengeHeight(epoch));
  }

  /** Mines until the next block is the first that may hold the epoch's proof. */
  openWindow(epoch = 0): void {
    this.chain.mineTo(this.firstProofHeight(epoch) - 1);
  }

  /** Proves one epoch in the first block that takes it. */
  proveEpoch(epoch = 0): void {
    this.openWindow(epoch);
    this.chain.mineBlock([this.proveTransaction()]);
  }

  /** Lets an epoch pass without a proof. */
  missEpoch(epoch = 0): void {
    this.chain.mineTo(this.lastProofHeight(epoch));
  }
}

/** A chain with a funded client and provider, an offer, and an agreement ready to form. */
export function createContractScenario(options: ScenarioOptions = {}): ContractScenario {
  const { fragmentLengths = [1, 1024, 1025, 5_000, 70_000], epochs = 3, params = fastDevnet } = options;
  const { modules = withInvariants([contractsModule]) } = options;
  const chain = createMemoryChain(modules, params);
  const client = chain.wallet('client');
  const provider = chain.wallet('provider');
  chain.fund(1_000_000_000_000n, client, provider);
  chain.mineBlock([chain.sign(provider, 'offer', { ...usualOffer(provider), ...options.offer })]);
  const fragments = fragmentLengths.map((length, index) => scenarioFragment(index, length));
  return new ContractScenario(chain, agreeOn(chain, client, provider, fragments, { epochs }));
}
