import { bountyPot, type ContractId, escrowPot, type KnownTransaction, readsPot, reservePot } from '#chain';
import { assertInvariant } from '#errors';
import type { Wallet } from '../../chain/testing/wallet.js';
import { contractSpace, type StorageContract } from '../lifecycle/contract-object.js';
import { challengeSlot } from '../lifecycle/schedule.js';
import { offerSpace } from '../offer/offer.js';
import type { ReplaceBody } from '../repair/replace.js';
import { replacementTerms } from '../repair/replacement.js';
import { type Agreement, agreementSigningMessage, contractIdOf } from '../terms/agreement.js';
import {
  agreeOn,
  ContractScenario,
  createContractScenario,
  type ScenarioOptions,
  usualOffer,
} from './contract-scenario.js';

/** What a test may choose about a contract that names a repairer. */
export interface RepairOptions extends ScenarioOptions {
  readonly reserve?: bigint;
  readonly readEscrow?: bigint;
  /** Highest slot of the contract: a low one leaves time after a miss before the next epoch begins. */
  readonly maxSlot?: number;
  /** What the agreement says other than usual. */
  readonly agreement?: Partial<Agreement>;
}

/** A contract with a repairer and a reserve, formed, and another provider with an offer. */
export class RepairScenario {
  readonly repairer: Wallet;
  readonly holder: Wallet;
  /** The contract that may be replaced. */
  readonly old: ContractScenario;

  constructor({
    reserve = 50_000_000n,
    readEscrow = 0n,
    agreement = {},
    maxSlot = 1_000,
    ...options
  }: RepairOptions = {}) {
    const { chain, terms } = createContractScenario({ fragmentLengths: [1, 1_025, 3_000], ...options });
    this.repairer = chain.wallet('repairer');
    this.holder = chain.wallet('holder');
    chain.fund(1_000_000_000_000n, this.repairer, this.holder);
    chain.mineBlock([chain.sign(this.holder, 'offer', usualOffer(this.holder))]);
    const repair = {
      key: this.repairer.publicKey,
      maxBasePerEpoch: 1_000_000n,
      maxPricePerGiBEpoch: 1_000_000_000n,
    };
    const { epochs = 4 } = options;
    const choices = { epochs, repair, reserve, readEscrow, ...agreement };
    const agreed = (salt: number): ContractScenario['terms'] => {
      const nonce = new Uint8Array(16).fill(salt);
      return agreeOn(chain, terms.client, terms.provider, terms.fragments, { nonce, ...choices });
    };
    let salt = 0;
    while (challengeSlot(chain.law, agreed(salt).id) > maxSlot) salt += 1;
    this.old = new ContractScenario(chain, agreed(salt));
    this.old.form();
  }

  get chain(): ContractScenario['chain'] {
    return this.old.chain;
  }

  /** The agreement a replacement in the next block may follow. */
  agreement(changes: Partial<Agreement> = {}, holder = this.holder): Agreement {
    const { chain, old } = this;
    const offer = chain.state.get(offerSpace, holder.account);
    assertInvariant(offer !== undefined, 'the new holder has no offer');
    const height = chain.height + 1;
    const nonce = new Uint8Array(16).fill(9);
    const choices = { offer, nonce, formBy: height, height };
    return { ...replacementTerms(chain.law.params, old.contract, choices), ...changes };
  }

  /** The agreement a replacement of any contract may follow; each contract and height has another nonce. */
  agreementOf(contract: StorageContract, holder: Wallet, salt: number): Agreement {
    const { chain } = this;
    const offer = chain.state.get(offerSpace, holder.account);
    assertInvariant(offer !== undefined, 'the new holder has no offer');
    const nonce = new Uint8Array(16);
    new DataView(nonce.buffer).setUint32(0, salt);
    const height = chain.height + 1;
    return replacementTerms(chain.law.params, contract, { offer, nonce, formBy: height, height });
  }

  body(agreement = this.agreement(), holder = this.holder, contract = this.old.id): ReplaceBody {
    const { crypto, params } = this.chain.law;
    const message = agreementSigningMessage(crypto, params, agreement);
    return {
      contract,
      agreement,
      providerSignature: crypto.sign(holder.secretKey, message),
    };
  }

  replaceTransaction(changes: Partial<Agreement> = {}, fee = 0n, wallet = this.repairer): KnownTransaction {
    return this.chain.sign(wallet, 'replace', this.body(this.agreement(changes)), { fee });
  }

  skipTransaction(epoch: number, wallet = this.old.terms.provider): KnownTransaction {
    return this.chain.sign(wallet, 'skip', { contract: this.old.id, epoch });
  }

  drainTransaction(wallet = this.old.terms.provider): KnownTransaction {
    return this.chain.sign(wallet, 'drain', { contract: this.old.id });
  }

  /** Replaces the old contract in one block; what follows is the new one's life. */
  replace(changes: Partial<Agreement> = {}, fee = 0n): ContractScenario {
    const agreement = this.agreement(changes);
    this.chain.mineBlock([this.replaceTransaction(changes, fee)]);
    const { crypto, params } = this.chain.law;
    const terms = { ...this.old.terms, provider: this.holder, agreement };
    return new ContractScenario(this.chain, { ...terms, id: contractIdOf(crypto, params, agreement) });
  }

  /** Lets epochs pass without a proof until the contract fails. */
  fail(): void {
    const { strikes } = this.chain.law.params.contract;
    for (let epoch = 0; epoch < strikes; epoch++) this.old.missEpoch(epoch);
    assertInvariant(this.old.contract.status === 'failed', 'the contract did not fail');
  }

  /** Every pot of a contract that outlives its provider. */
  deposits(id: ContractId = this.old.id): DepositPots {
    const { chain } = this;
    return {
      escrow: chain.pot(escrowPot(id)),
      reserve: chain.pot(reservePot(id)),
      bounty: chain.pot(bountyPot(id)),
      reads: chain.pot(readsPot(id)),
    };
  }

  contractOf(id: ContractId): StorageContract {
    const contract = this.chain.state.get(contractSpace, id);
    assertInvariant(contract !== undefined, `no contract ${id}`);
    return contract;
  }
}

/** Coins of a contract's client. Base units. */
export interface DepositPots {
  readonly escrow: bigint;
  readonly reserve: bigint;
  readonly bounty: bigint;
  readonly reads: bigint;
}
