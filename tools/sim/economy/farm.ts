import type { BlockId, ContractId, LawEvent } from '#chain';
import {
  type ChallengeSeed,
  challengeHeight,
  challengePlan,
  contractIdOf,
  contractSpace,
  drawChunks,
  type StorageContract,
  startHeight,
  windowCloseHeight,
  windowOpenHeight,
} from '#contracts';
import { assertInvariant } from '#errors';
import { type FarmParties, type MoveContext, moveAfterProof, replaceDrained } from './afterwards.js';
import { grindNonce, simAgreement, simForm, simNonce } from './agreements.js';
import { chooseDistinct } from './chance.js';
import { createDataset, type Dataset } from './dataset.js';
import type { LawChain } from './law-chain.js';
import type { FarmPlan } from './plan.js';
import { createPlot, type Offering, type Plot, Sequences } from './plot.js';

/** Contracts are formed in these blocks, one after another. */
const FIRST_FORMATION = 8;
const FORMATION_BLOCKS = 16;
/** Own proofs are published this many blocks before their window closes, so that none is ever missed by greed. */
const PUBLISH_BEFORE_CLOSE = 2;

/** Contracts of one plan: forms them, answers their challenges, watches what becomes of them. */
export class Farm {
  readonly dataset: Dataset;
  private readonly sequences: Sequences;
  private readonly moves: MoveContext;
  private readonly plots = new Map<ContractId, Plot>();
  private readonly toForm = new Map<number, Plot[]>();
  private readonly toProve = new Map<number, Plot[]>();
  private readonly challenges = new Map<number, Plot[]>();
  /** First block that can hold the proofs of each ground group. */
  readonly groupProofHeights = new Set<number>();
  failures = 0;
  misses = 0;

  constructor(
    private readonly chain: LawChain,
    readonly plan: FarmPlan,
    private readonly parties: FarmParties,
    private readonly seed: number,
    private readonly number: number,
  ) {
    this.dataset = createDataset(plan.fragments, plan.fragmentBytes, plan.storage, number);
    const { dataset } = this;
    this.sequences = new Sequences(chain, number, plan.fee);
    this.moves = {
      chain,
      plan,
      parties,
      dataset,
      sequences: this.sequences,
      farmNumber: number,
      onPlot: (plot) => this.plots.set(plot.id, plot),
    };
    for (let index = 0; index < plan.contracts; index++) this.plant(index);
  }

  /** Transactions to offer for the block at `height`. */
  offerings(height: number): Offering[] {
    const offered: Offering[] = [];
    for (const plot of this.toForm.get(height) ?? []) {
      const { chain, dataset, parties } = this;
      const body = simForm(chain, { provider: plot.provider, dataset }, plot.agreement);
      offered.push(this.sequences.sign(parties.client, plot, 'form', body));
    }
    for (const plot of this.toProve.get(height) ?? []) {
      const proof = this.prove(plot);
      if (proof !== undefined) offered.push(proof);
    }
    this.toForm.delete(height);
    this.toProve.delete(height);
    return offered;
  }

  /** Follows what a block did to the farm's contracts; returns what its client does about it. */
  follow(height: number, events: readonly LawEvent[]): Offering[] {
    const offered: (Offering | undefined)[] = [];
    for (const event of events) {
      if (event.type !== 'object') continue;
      const plot = this.plots.get(event.subject as ContractId);
      if (plot === undefined) continue;
      switch (event.name) {
        case 'contract/formed':
          plot.isFormed = true;
          this.expectChallenge(plot);
          break;
        case 'contract/challenged':
          plot.epochsAlive += 1;
          this.schedule(this.toProve, windowOpenHeight(this.chain.law.params, height), plot);
          this.expectChallenge(plot);
          break;
        case 'contract/proved':
          plot.proofs += 1;
          offered.push(moveAfterProof(this.moves, plot, this.contract(plot)));
          break;
        case 'contract/drained':
          offered.push(replaceDrained(this.moves, plot, this.contract(plot)));
          break;
        case 'contract/missed':
          this.misses += 1;
          plot.missedEpochs.push(Number(event.data['epoch']));
          break;
        case 'contract/failed':
          this.failures += 1;
          plot.failedInEpoch = plot.missedEpochs.at(-1);
          break;
        case 'contract/settled':
          plot.isSettled = true;
          break;
      }
    }
    return offered.filter((offering) => offering !== undefined);
  }

  /** Whether a block at `height` with this id would draw a chunk that the farm's provider does not have. */
  isCaughtBy(height: number, blockId: BlockId): boolean {
    for (const plot of this.challenges.get(height) ?? []) {
      const contract = this.contract(plot);
      if (contract.status !== 'active') continue;
      const { nextEpoch: epoch, totalChunks } = contract;
      if (this.hitsLoss(plot, { contract: plot.id, epoch, blockId, totalChunks })) return true;
    }
    return false;
  }

  get isSettled(): boolean {
    // what should go on as a successor may be refused: nothing is left of the term, or the last proof came too late
    return [...this.plots.values()].every((plot) => plot.isSettled || (plot.isSuccessor && !plot.isFormed));
  }

  /** Epochs of all contracts in which the provider still kept what it had not lost. */
  get epochsAlive(): number {
    return [...this.plots.values()].reduce((sum, plot) => sum + plot.epochsAlive, 0);
  }

  /** For each contract the epoch of its first miss and the one in which it failed, where there was one. */
  get detections(): readonly {
    readonly missedIn: number | undefined;
    readonly failedIn: number | undefined;
  }[] {
    return [...this.plots.values()].map(({ missedEpochs, failedInEpoch }) => ({
      missedIn: missedEpochs[0],
      failedIn: failedInEpoch,
    }));
  }

  private plant(index: number): void {
    const { chain, parties, plan, number, dataset } = this;
    const { client, provider, repairer } = parties;
    const { epochs, pricePerGiBEpoch, reservePercent } = plan;
    const formAt = FIRST_FORMATION + (index % FORMATION_BLOCKS);
    const nonce = this.nonceFor(index, formAt);
    const isRepaired = plan.afterwards === 'replace' || reservePercent !== undefined;
    const repairedBy = isRepaired ? repairer : undefined;
    const terms = {
      client,
      provider,
      dataset,
      epochs,
      pricePerGiBEpoch,
      nonce,
      reservePercent,
      repairer: repairedBy,
    };
    const agreement = simAgreement(chain, terms);
    const id = contractIdOf(chain.law.crypto, chain.law.params, agreement);
    const chunks = Number(dataset.commitment.totalChunks);
    const lost = Math.round(plan.lostShare * chunks);
    const lostChunks = chooseDistinct(lost, chunks, this.seed, 'lost', number, index);
    const plot = createPlot({ index, id, agreement, provider, lostChunks, isSuccessor: false });
    this.plots.set(id, plot);
    this.schedule(this.toForm, formAt, plot);
  }

  /** Any nonce, or one ground so that the whole group is challenged on one block whenever each was formed. */
  private nonceFor(index: number, formAt: number): Uint8Array {
    const { plan, chain, parties, number, seed } = this;
    if (plan.slots === 'as they fall') return simNonce(number, index, seed);
    const { params } = chain.law;
    const { epochBlocks } = params.contract;
    const groups = Math.ceil(plan.contracts / plan.slots.groundInGroupsOf);
    const group = Math.floor(index / plan.slots.groundInGroupsOf);
    // the last blocks of the first epoch, one group after another
    const target = startHeight(params, FIRST_FORMATION) + epochBlocks - 1 - groups + group;
    this.groupProofHeights.add(windowOpenHeight(params, target));
    return grindNonce(chain, parties, target - startHeight(params, formAt), number, index);
  }

  private expectChallenge(plot: Plot): void {
    const contract = this.contract(plot);
    if (contract.nextEpoch >= contract.endEpoch) return;
    const height = challengeHeight(this.chain.law, plot.id, contract, contract.nextEpoch);
    this.schedule(this.challenges, height, plot);
  }

  /** The answer to the open challenge; nothing where the provider has lost a chunk of it or does not want to. */
  private prove(plot: Plot): Offering | undefined {
    const { chain, plan } = this;
    const { crypto, params } = chain.law;
    const { window } = this.contract(plot);
    if (window === undefined || plan.proofs === 'never') return undefined;
    if (plan.proofs === 'first only' && plot.proofs > 0) return undefined;
    const { epoch, challengeHeight: challengedAt, totalChunks } = window;
    const challenge = { contract: plot.id, epoch, blockId: chain.idAt(challengedAt), totalChunks };
    if (this.hitsLoss(plot, challenge)) return undefined;
    const proof = this.dataset.prove(challengePlan(crypto, params, challenge), plot.leaves);
    const body = { contract: plot.id, epoch, proof };
    const transaction = chain.sign(plot.provider, 'prove', body, { lane: 0, sequence: 0n, fee: plan.fee });
    const publicFrom =
      plan.proofs === 'published' ? 0 : windowCloseHeight(params, challengedAt) - PUBLISH_BEFORE_CLOSE;
    return { transaction, publicFrom, isProof: true };
  }

  private hitsLoss(plot: Plot, challenge: ChallengeSeed): boolean {
    if (plot.lostChunks.size === 0) return false;
    const { crypto, params } = this.chain.law;
    const chunks = drawChunks(crypto, params, challenge);
    return chunks.some((chunk) => plot.lostChunks.has(Number(chunk)));
  }

  private contract(plot: Plot): StorageContract {
    const contract = this.chain.state.get(contractSpace, plot.id);
    assertInvariant(contract !== undefined, `contract ${plot.index} of the farm is not formed`);
    return contract;
  }

  private schedule(where: Map<number, Plot[]>, height: number, plot: Plot): void {
    where.set(height, [...(where.get(height) ?? []), plot]);
  }
}
