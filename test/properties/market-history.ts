import { type KnownTransaction, MAX_U63 } from '#chain';
import {
  type Agreement,
  type ChallengeWindow,
  challengePlan,
  contractsModule,
  type OfferBody,
  offerSpace,
  type StorageProof,
  windowOpenHeight,
  withInvariants,
} from '#contracts';
import { createMemoryChain, fastDevnet, type MemoryChain } from '../../chain/testing/memory-chain.js';
import type { Wallet } from '../../chain/testing/wallet.js';
import {
  agreeOn,
  type ContractScenario,
  EMPTY_PROOF,
  formBody,
  proofOf,
  scenarioFragment,
  usualOffer,
} from '../../contracts/testing/contract-scenario.js';
import { type ChangeStep, changeContract } from './market-changes.js';
import { MarketContracts } from './market-contracts.js';

/** One random decision; what it means depends on the state it meets. */
export interface Step {
  readonly action:
    | 'transfer'
    | 'offer'
    | 'form'
    | 'prove'
    | 'anchor'
    | 'endpoint'
    | 'garbage'
    | ChangeStep['action'];
  readonly who: number;
  readonly whom: number;
  readonly amount: bigint;
  /** Decides between the honest form of an action and one of its wrong forms. */
  readonly twist: number;
}

/** Transactions of one block, and what happens to the chain after it. */
export interface Round {
  readonly steps: readonly Step[];
  /** Blocks taken back and put on again after this one. */
  readonly reorgDepth: number;
  /** Empty blocks after this one. */
  readonly idleBlocks: number;
}

/** Clients, providers and strangers on one chain, driven by random rounds; most steps are honest, some are not. */
export class MarketHistory {
  readonly chain: MemoryChain;
  readonly wallets: readonly Wallet[];
  readonly contracts: MarketContracts;
  private readonly repairer: Wallet;
  private readonly holders: readonly Wallet[];
  private nonce = 0;

  constructor() {
    // A burn price high enough that every rounding of the mint shows, and that moves after every second block; two
    // strikes, so that contracts fail often.
    const mint = {
      ...fastDevnet.mint,
      burnPerGiBEpoch: 1_000_000_000n,
      burnPeriodBlocks: 2,
      burnTargetMiBEpochs: 1n,
    };
    const contract = { ...fastDevnet.contract, strikes: 2 };
    this.chain = createMemoryChain(withInvariants([contractsModule]), { ...fastDevnet, mint, contract });
    this.wallets = ['ann', 'ben', 'cleo', 'dan'].map((label) => this.chain.wallet(label));
    this.repairer = this.chain.wallet('eve');
    this.holders = ['fay', 'gil', 'hal'].map((label) => this.chain.wallet(label));
    const everybody = [...this.wallets, this.repairer, ...this.holders];
    this.contracts = new MarketContracts(this.chain, () => everybody);
    const funded = everybody.filter((wallet) => wallet !== this.wallets[3]);
    this.chain.fund(100_000_000_000n, ...funded);
    this.chain.mineBlock(
      [...this.wallets.slice(1, 3), ...this.holders].map((wallet) =>
        this.chain.sign(wallet, 'offer', usualOffer(wallet)),
      ),
    );
  }

  /** The transactions a round proposes on the current tip; good and bad ones, in the order proposed. */
  propose(round: Round): KnownTransaction[] {
    const due = round.steps.some(({ action }) => action === 'prove') ? [] : this.dueProofs(round);
    return [...due, ...round.steps.flatMap((step) => this.transactionsOf(step))];
  }

  private dueProofs(round: Round): KnownTransaction[] {
    if (round.idleBlocks % 3 === 2) return [];
    return this.proofs(0n, (proof) => proof);
  }

  private wallet(index: number): Wallet {
    return this.wallets[index % this.wallets.length] as Wallet;
  }

  private transactionsOf(step: Step): KnownTransaction[] {
    const { chain } = this;
    const wallet = this.wallet(step.who);
    const fee = step.amount % 50n;
    const lane = step.twist % 3;
    const sequence = chain.nextSequence(wallet, lane) + (step.twist % 11 === 0 ? 1n : 0n);
    const options = { fee, lane, sequence };
    switch (step.action) {
      case 'transfer':
        return [chain.transfer(wallet, this.wallet(step.whom).account, step.amount, options)];
      case 'offer':
        return [chain.sign(wallet, 'offer', this.offer(step), options)];
      case 'form':
        return this.form(step, options);
      case 'prove':
        return this.proofs(step.twist % 7 === 0 ? step.amount : fee, (proof) => spoil(proof, step.twist));
      case 'anchor':
        return [
          chain.sign(
            wallet,
            'anchor',
            { slot: 'log', sequence: step.amount % 3n, pointer: new Uint8Array(3) },
            options,
          ),
        ];
      case 'endpoint':
        return [
          chain.sign(
            wallet,
            'endpoint',
            { addresses: ['http://x'], owner: '', region: '', ttlBlocks: step.twist },
            options,
          ),
        ];
      case 'garbage':
        return [
          chain.sign(
            wallet,
            'prove',
            { contract: 'ab'.repeat(32), epoch: step.twist, proof: EMPTY_PROOF },
            { fee },
          ),
          chain.sign(
            wallet,
            'transfer',
            { to: wallet.account, amount: 0n, memo: new Uint8Array(0) },
            options,
          ),
        ];
      default:
        return changeContract(
          this.contracts,
          { ...step, action: step.action },
          {
            stranger: wallet,
            repairer: this.repairer,
            holders: this.holders,
            nonce: () => this.nextNonce(),
          },
        );
    }
  }

  private nextNonce(): Uint8Array {
    this.nonce += 1;
    const nonce = new Uint8Array(16).fill(this.nonce & 0xff);
    nonce[0] = this.nonce >> 8;
    return nonce;
  }

  private offer({ who, whom, twist, amount }: Step): OfferBody {
    return {
      ...usualOffer(this.wallet(who)),
      basePerEpoch: amount % 1_000_000n,
      capacityBytes: twist % 5 === 0 ? 20_000n : 1n << 30n,
      maxEpochs: twist % 4 === 0 ? 2 : 20,
      collateralBps: 4_999 + (twist % 6000),
      payout: this.wallet(whom).account,
    };
  }

  private form(step: Step, options: { fee: bigint; lane: number; sequence: bigint }): KnownTransaction[] {
    const client = this.wallet(step.who);
    const provider = this.wallet(step.whom);
    if (this.chain.state.get(offerSpace, provider.account) === undefined) return [];
    const count = 1 + (step.twist % 4);
    const fragments = Array.from({ length: count }, (_, index) =>
      scenarioFragment(this.nonce * 10 + index, 1 + ((step.twist * 977 + index * 1_500) % 9_000)),
    );
    const nonce = this.nextNonce();
    const wrong: Partial<Agreement>[] = [
      { basePerEpoch: MAX_U63 },
      { collateral: 1n },
      { totalChunks: 999n },
      { root: new Uint8Array(32) },
    ];
    const epochs = 1 + (step.twist % 5);
    const terms = agreeOn(this.chain, client, provider, fragments, {
      nonce,
      epochs,
      readEscrow: step.amount % 5_000n,
      ...(step.twist % 4 === 3 ? {} : this.repairTerms(step)),
    });
    const twisted = step.twist % 6 === 0 ? { ...terms.agreement, ...wrong[step.twist % 4] } : terms.agreement;
    this.contracts.remember(terms.agreement.root, terms);
    return [this.chain.sign(client, 'form', formBody(this.chain, terms, twisted), options)];
  }

  private repairTerms(step: Step): Pick<Agreement, 'repair' | 'reserve'> {
    const key = this.repairer.publicKey;
    const repair = { key, maxBasePerEpoch: 1_000_000n, maxPricePerGiBEpoch: 1_000_000_000n };
    return { repair, reserve: step.amount % 5_000_000n };
  }

  private proofs(fee: bigint, change: (proof: StorageProof) => StorageProof): KnownTransaction[] {
    return this.contracts.all().flatMap(([id, contract]) => {
      const { window } = contract;
      if (window === undefined || window.proven) return [];
      return this.proof(this.contracts.scenarioOf(id, contract), window, fee, change);
    });
  }

  private proof(
    { id, terms }: ContractScenario,
    window: ChallengeWindow,
    fee: bigint,
    change: (proof: StorageProof) => StorageProof,
  ): KnownTransaction[] {
    const { law, height } = this.chain;
    const isEarly = height + 1 < windowOpenHeight(law.params, window.challengeHeight);
    if (isEarly && window.epoch % 2 === 0) return [];
    const { epoch, totalChunks } = window;
    const blockId = this.chain.at(window.challengeHeight).block.id;
    const plan = challengePlan(law.crypto, law.params, { contract: id, epoch, blockId, totalChunks });
    // The list as it was when the window opened, whatever was appended or dropped since.
    const proof = change(proofOf(this.chain, this.contracts.listOf(window.root), plan));
    return [this.chain.sign(terms.provider, 'prove', { contract: id, epoch, proof }, { fee })];
  }
}

function spoil(proof: StorageProof, twist: number): StorageProof {
  const [first] = proof.slices;
  if (first === undefined || twist % 4 !== 0) return proof;
  const slice = first.slice();
  slice[twist % slice.length] = (slice[twist % slice.length] as number) ^ 1;
  return { ...proof, slices: [slice, ...proof.slices.slice(1)] };
}
