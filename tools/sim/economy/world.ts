import { accountPot, type KnownBlock, type KnownTransaction, MINT, POOL, rewardPot } from '#chain';
import { burnFor, priceContract } from '#contracts';
import { assertInvariant } from '#errors';
import type { FarmParties } from './afterwards.js';
import { simOffer } from './agreements.js';
import { chance } from './chance.js';
import { Crowd } from './crowd.js';
import { BURN_PER_KIB_EPOCH, DAY_BLOCKS, economyParams, FEE, perGiB, START_COINS } from './economy-params.js';
import { Farm } from './farm.js';
import { LawChain } from './law-chain.js';
import { createRuleLaw, type MintRuleId } from './mint-rules.js';
import { ATTACKER_PURSE, PARTIES } from './party.js';
import type { FarmPlan, WorldPlan } from './plan.js';
import { type Offering, publicOffering } from './plot.js';

/** How a world is run. */
export interface WorldOptions {
  readonly rule: MintRuleId;
  /** The attacker's share of the hash power in percent. */
  readonly hashPercent: number;
  readonly seed: number;
}

/** What came of a world; coins in base units. */
export interface WorldOutcome {
  /**
   * What the attacker's purse won or lost, rent paid. The mint pool is counted at its expectation, the hash share of
   * all that was minted into it, not by the luck of who found the blocks that drew it.
   */
  readonly attackerCoins: bigint;
  /** What storing cost the farm's provider, counted at the whole price it is paid: the most that it can be. */
  readonly storageCost: bigint;
  /** What the law asks to be burned for the farm's data, and what its clients pay for it. */
  readonly farmBurn: bigint;
  readonly farmPrice: bigint;
  readonly discardedBlocks: number;
  readonly orphanedBlocks: number;
  readonly misses: number;
  readonly failures: number;
  readonly blocks: number;
}

/** What honest people store meanwhile: an idle miner lives off it too. */
const HONEST_TRAFFIC: FarmPlan = {
  client: 'honest',
  provider: 'honest',
  contracts: 6,
  epochs: 4,
  fragments: 4,
  fragmentBytes: 1024,
  pricePerGiBEpoch: perGiB(BURN_PER_KIB_EPOCH),
  fee: FEE,
  slots: 'as they fall',
  proofs: 'published',
  lostShare: 0,
  storage: 'kept',
  afterwards: 'nothing',
};

const OFFERS_AT = 1;
/** After its last epoch a contract is settled within this many more, its first formation included. */
const SETTLING_EPOCHS = 1.5;
/** Nobody discards for ever. */
const MAX_ATTEMPTS = 1_000;

const HONEST_FARM = 1;
const ATTACK_FARM = 2;

function partiesOf({ client, provider }: FarmPlan): FarmParties {
  return {
    client: client === 'attacker' ? PARTIES.attackerClient : PARTIES.honestClient,
    provider: provider === 'attacker' ? PARTIES.attackerProvider : PARTIES.honestProvider,
    successor: PARTIES.attackerSuccessor,
    repairer: PARTIES.attackerRepairer,
  };
}

/** One chain of the real law with its miners, farms and crowd. */
class World {
  private readonly chain: LawChain;
  private readonly farms: readonly Farm[];
  private readonly attack: Farm | undefined;
  private readonly crowd: Crowd | undefined;
  private offered: Offering[] = [];
  private readonly attackerHeights: number[] = [];
  private rent = 0n;
  private drawnByLuck = 0n;
  private mintedToPool = 0n;
  private discarded = 0;
  private orphaned = 0;

  constructor(
    private readonly plan: WorldPlan,
    private readonly options: WorldOptions,
  ) {
    const params = economyParams(Object.values(PARTIES));
    const burnPerGiBEpoch = plan.burnPerGiBEpoch ?? params.mint.burnPerGiBEpoch;
    const priced = { ...params, mint: { ...params.mint, burnPerGiBEpoch } };
    this.chain = new LawChain(createRuleLaw(priced, options.rule));
    const { farm } = plan;
    const { seed } = options;
    this.attack =
      farm === undefined ? undefined : new Farm(this.chain, farm, partiesOf(farm), seed, ATTACK_FARM);
    const traffic = new Farm(this.chain, HONEST_TRAFFIC, partiesOf(HONEST_TRAFFIC), seed, HONEST_FARM);
    this.farms = this.attack === undefined ? [traffic] : [traffic, this.attack];
    this.crowd = plan.crowd ? new Crowd(this.chain, PARTIES.crowdClient, PARTIES.honestProvider) : undefined;
  }

  /** Mines until every contract is settled. */
  run(heightExclusive: number): WorldOutcome {
    for (let height = 1; height < heightExclusive; height++) this.step(height);
    assertInvariant(
      this.farms.every((farm) => farm.isSettled),
      'every contract of the simulation is settled at its end',
    );
    return this.outcome();
  }

  private step(height: number): void {
    if (height === OFFERS_AT) this.offerStorage();
    for (const farm of this.farms) this.offered.push(...farm.offerings(height));
    const crowd = this.crowd?.offerings(height) ?? [];
    const { block, byAttacker, isRented } = this.find(height, crowd);
    const { events } = this.chain.add(block);
    const { subsidy, poolDraw } = block.coinbase;
    if (byAttacker) this.attackerHeights.push(height);
    if (byAttacker && !isRented) this.drawnByLuck += poolDraw;
    // who rents hash power out wants at least what the block would have brought its owner
    if (isRented) this.rent += subsidy + poolDraw;
    for (const event of events)
      if (event.type === 'posting' && event.from === MINT && event.to === POOL)
        this.mintedToPool += event.amount;
    const included = new Set(block.transactions.map(({ id }) => id));
    this.offered = this.offered.filter(({ transaction }) => !included.has(transaction.id));
    for (const farm of this.farms) this.offered.push(...farm.follow(height, events));
  }

  /** Who finds the block of a height, and what is in it. */
  private find(height: number, crowd: readonly KnownTransaction[]) {
    const { hashPercent, seed } = this.options;
    const { miner } = this.plan;
    const wantsToRent = miner.rents && (this.attack?.groupProofHeights.has(height) ?? false);
    for (let attempt = 0; ; attempt++) {
      assertInvariant(attempt < MAX_ATTEMPTS, `nobody keeps a block at height ${height}`);
      const isOwnFind = chance(seed, 'find', height, attempt) * 100 < hashPercent;
      const isRented = wantsToRent && !isOwnFind;
      const byAttacker = isOwnFind || isRented;
      const finder = byAttacker ? PARTIES.attackerMiner : PARTIES.honestMiner;
      const chosen = this.offered.filter((offering) => this.isChosen(offering, height, byAttacker));
      const candidates = [...chosen.map(({ transaction }) => transaction), ...crowd];
      const block = this.chain.draft(finder.account, candidates, attempt);
      if (byAttacker && miner.discards && this.attack?.isCaughtBy(height, block.id) === true) {
        this.discarded += 1;
      } else if (!byAttacker && this.isOrphaned(block)) {
        this.orphaned += 1;
      } else {
        return { block, byAttacker, isRented };
      }
    }
  }

  private isChosen({ publicFrom, isProof }: Offering, height: number, byAttacker: boolean): boolean {
    if (!byAttacker) return publicFrom <= height;
    return !(isProof && this.isCensoring);
  }

  /** A miner with more than half of the hash power can outrun any block it does not like. */
  private isOrphaned(block: KnownBlock): boolean {
    if (this.plan.miner.censors !== 'orphans' || this.options.hashPercent <= 50) return false;
    return block.transactions.some(({ id }) =>
      this.offered.some(({ transaction, isProof }) => isProof && transaction.id === id),
    );
  }

  private get isCensoring(): boolean {
    return this.plan.miner.censors !== 'nothing';
  }

  private offerStorage(): void {
    for (const provider of [PARTIES.attackerProvider, PARTIES.attackerSuccessor, PARTIES.honestProvider]) {
      const place = { lane: 0, sequence: 0n, fee: 0n };
      const transaction = this.chain.sign(provider, 'offer', simOffer(provider), place);
      this.offered.push(publicOffering(transaction));
    }
  }

  private outcome(): WorldOutcome {
    const { chain, attack, plan, options } = this;
    const purse = plan.purse === 'miner' ? [PARTIES.attackerMiner] : ATTACKER_PURSE;
    let coins = (this.mintedToPool * BigInt(options.hashPercent)) / 100n - this.drawnByLuck - this.rent;
    for (const { account } of purse) coins += chain.pot(accountPot(account)) - START_COINS;
    for (const height of this.attackerHeights) coins += chain.pot(rewardPot(height));
    const figures = this.farmFigures();
    const lost = plan.farm?.lostShare ?? 0;
    const kept = BigInt(Math.round((1 - lost) * 10_000));
    const alive = BigInt(attack?.epochsAlive ?? 0);
    return {
      attackerCoins: coins,
      storageCost: (figures.tranche * alive * kept) / 10_000n,
      farmBurn: figures.burn,
      farmPrice: figures.price,
      discardedBlocks: this.discarded,
      orphanedBlocks: this.orphaned,
      misses: attack?.misses ?? 0,
      failures: attack?.failures ?? 0,
      blocks: chain.height,
    };
  }

  private farmFigures() {
    const { farm } = this.plan;
    if (farm === undefined || this.attack === undefined) return { tranche: 0n, price: 0n, burn: 0n };
    const { totalBytes } = this.attack.dataset.commitment;
    const { epochs, pricePerGiBEpoch } = farm;
    const contracts = BigInt(farm.contracts);
    const params = economyParams([]);
    const price = priceContract(params, { basePerEpoch: 0n, pricePerGiBEpoch, totalBytes, epochs });
    const burnPrice = this.plan.burnPerGiBEpoch ?? params.mint.burnPerGiBEpoch;
    return {
      tranche: price.tranche,
      price: price.escrow * contracts,
      burn: burnFor(burnPrice, totalBytes, epochs) * contracts,
    };
  }
}

/** Runs a world to its end. */
export function runWorld(plan: WorldPlan, options: WorldOptions): WorldOutcome {
  const epochs = Math.max(HONEST_TRAFFIC.epochs, plan.farm?.epochs ?? 0, plan.epochs ?? 0);
  return new World(plan, options).run((epochs + SETTLING_EPOCHS) * DAY_BLOCKS);
}
