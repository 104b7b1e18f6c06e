import { COIN } from '#chain';
import { BURN_PER_KIB_EPOCH, FEE, perGiB } from './economy-params.js';
import type { MintRuleId } from './mint-rules.js';
import { type FarmPlan, IDLE, type WorldPlan } from './plan.js';

/** One way to get more out of the ledger than an honest party of the same hash share gets. */
export interface Strategy {
  readonly id: string;
  readonly title: string;
  /** What is done, in one sentence for the table's notes. */
  readonly what: string;
  /** Highest hash share in percent up to which the protocol claims that it does not pay; 0: no claim. */
  readonly claimedUpTo: number;
  /** The mint rules it is shown under. */
  readonly rules: readonly MintRuleId[];
  /** What 100 % of profit is. */
  readonly stake: 'burn' | 'price';
  readonly attack: WorldPlan;
  /** What the same party would have done honestly. */
  readonly baseline: WorldPlan;
}

const EVERY_SHARE = 100;
/** While (1 - h) * c >= 1, with c = 4 draws: then throwing blocks away hides less than it saves, at any price. */
const DISCARDING_STOPPED_UP_TO = 75;
/** A miss needs every block of a window: h^235. Measured up to here. */
const CENSORING_STOPPED_UP_TO = 90;
const OTHER_RULES = ['naive', 'cap', 'average'] as const;

/** Contracts of the attacker with itself over little data. */
const selfDealing: FarmPlan = {
  client: 'attacker',
  provider: 'attacker',
  contracts: 12,
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

/** Contracts of an honest client with the attacker, a hundred chunks each, so that one of them is a percent. */
const storing: FarmPlan = {
  ...selfDealing,
  client: 'honest',
  contracts: 48,
  epochs: 6,
  fragments: 100,
};

const idleWorld: WorldPlan = { miner: IDLE, crowd: false };
const world = (farm: FarmPlan, changes: Partial<WorldPlan> = {}): WorldPlan => ({
  ...idleWorld,
  farm,
  ...changes,
});

function farming(
  id: string,
  title: string,
  what: string,
  farm: Partial<FarmPlan>,
  rules: readonly MintRuleId[] = [],
  changes: Partial<WorldPlan> = {},
): Strategy {
  return {
    id,
    title,
    what,
    claimedUpTo: EVERY_SHARE,
    rules: ['law', ...rules],
    stake: 'burn',
    attack: world({ ...selfDealing, ...farm }, changes),
    baseline: { ...idleWorld, ...changes, miner: IDLE },
  };
}

function dropping(percent: number): Strategy {
  const lostShare = percent / 100;
  return {
    id: `drop-${percent}`,
    title: `drops ${percent} % of the data`,
    what: `A provider keeps all but ${percent} % of what it is paid for and answers every challenge that it can.`,
    claimedUpTo: EVERY_SHARE,
    rules: ['law'],
    stake: 'price',
    attack: world({ ...storing, lostShare }),
    baseline: world(storing),
  };
}

function discarding(
  id: string,
  title: string,
  what: string,
  pricePerKiB: bigint,
  epochs: number,
  claimedUpTo: number,
): Strategy {
  const farm: FarmPlan = { ...storing, epochs, pricePerGiBEpoch: perGiB(pricePerKiB) };
  return {
    id,
    title,
    what,
    claimedUpTo,
    rules: ['law'],
    stake: 'price',
    attack: world({ ...farm, lostShare: 0.1 }, { miner: { ...IDLE, discards: true } }),
    baseline: world(farm),
  };
}

const censored: FarmPlan = { ...selfDealing, provider: 'honest' };

const repaired: FarmPlan = { ...selfDealing, client: 'honest', reservePercent: 20 };

/** Every strategy, in the order of the table. */
export const STRATEGIES: readonly Strategy[] = [
  {
    id: 'honest',
    title: 'honest provider that also mines',
    what: 'Keeps what others pay it for, proves every epoch, mines beside it; the reference.',
    claimedUpTo: EVERY_SHARE,
    rules: ['law'],
    stake: 'price',
    attack: world({ ...storing, contracts: 12, fragments: 4 }),
    baseline: world({ ...storing, contracts: 12, fragments: 4 }, { purse: 'miner' }),
  },
  farming(
    'self-dealing',
    'self-dealing',
    'Client, provider and miner are one; proofs go to every miner.',
    {},
  ),
  farming(
    'self-dealing-own',
    'self-dealing, proofs in own blocks',
    'The same, but each proof is kept for a block of its own as long as its window allows.',
    { proofs: 'own blocks' },
    OTHER_RULES,
  ),
  farming(
    'ground-ids',
    'contract ids ground',
    'Contract ids are ground until groups of contracts are challenged on one block; the proofs of a group wait for one block of its own.',
    { proofs: 'own blocks', slots: { groundInGroupsOf: 4 } },
    OTHER_RULES,
  ),
  farming(
    'rented-block',
    'hash power rented for one block',
    'The same, and the one block that can hold the proofs of a group first is mined with rented hash power, at its whole reward.',
    { proofs: 'own blocks', slots: { groundInGroupsOf: 4 } },
    OTHER_RULES,
    { miner: { ...IDLE, rents: true } },
  ),
  farming(
    'cheap-dear',
    'forming cheap, proving dear',
    'Forms at the lowest burn price and proves after a crowd has driven the price up.',
    { proofs: 'own blocks', slots: { groundInGroupsOf: 4 } },
    ['repriced'],
    { crowd: true },
  ),
  farming(
    'from-a-seed',
    'data generated from a seed',
    'Nothing is stored: each chunk is generated again from a seed when it is asked for.',
    { proofs: 'own blocks', storage: 'generated again from a seed' },
    ['naive'],
  ),
  {
    ...farming(
      'tiny',
      'tiny fragments',
      'Fragments of one byte at a price so low that every figure is rounded.',
      { proofs: 'own blocks', fragmentBytes: 1, fragments: 1, contracts: 60, fee: 0n },
    ),
    attack: world(
      { ...selfDealing, proofs: 'own blocks', fragmentBytes: 1, fragments: 1, contracts: 60, fee: 0n },
      { burnPerGiBEpoch: 100_000n },
    ),
    baseline: { ...idleWorld, burnPerGiBEpoch: 100_000n },
  },
  farming(
    'collude-end',
    'client and provider collude: one proof, then end',
    'Forms for a long term, proves the first epoch in a block of its own, ends the contract.',
    { proofs: 'first only', afterwards: 'end' },
    ['naive'],
  ),
  farming(
    'renew',
    'renewing to mint again',
    'Renews for a second term once the first is proven; the burn of the second is a cost on top of the stake.',
    { proofs: 'own blocks', afterwards: 'renew' },
    ['naive'],
    // a last proof kept back to the end of its window begins the second term that much later
    { epochs: 2 * selfDealing.epochs + 1 },
  ),
  farming(
    'replace',
    'replacing to mint again',
    'Drains after the first proof and has a repairer of its own give the rest of the term to a second provider of its own.',
    { proofs: 'own blocks', afterwards: 'replace' },
    ['naive'],
  ),
  farming(
    'extend',
    'extending epoch by epoch',
    'Extends by one epoch after every proof up to twice the term: many small lots, each with its inclusion; their burn is a cost on top of the stake.',
    { proofs: 'own blocks', afterwards: 'extend' },
    [],
    { epochs: 2 * selfDealing.epochs },
  ),
  farming(
    'drop-own',
    'dropping what was burned for',
    'Drops three quarters of the fragments after the first proof and goes on proving the rest.',
    { proofs: 'own blocks', afterwards: 'drop' },
  ),
  farming(
    'collude-miss',
    'client and provider collude: misses on purpose',
    'Never proves, so that the collateral is slashed to the own client.',
    { proofs: 'never' },
  ),
  dropping(1),
  dropping(5),
  dropping(10),
  dropping(50),
  discarding(
    'discard-small',
    'withholds challenge blocks, an epoch worth half a block',
    'Drops 10 % and throws away every own block that would draw a lost chunk; an epoch of a contract pays half a block reward.',
    COIN / 20n,
    6,
    DISCARDING_STOPPED_UP_TO,
  ),
  discarding(
    'discard-large',
    'withholds challenge blocks, an epoch worth a hundred blocks',
    'The same with terms of two epochs, where an epoch of one contract pays a hundred block rewards.',
    10n * COIN,
    2,
    DISCARDING_STOPPED_UP_TO,
  ),
  {
    id: 'censor',
    title: 'censors proofs in own blocks',
    what: 'A client that mines leaves the proofs of its honest provider out of its own blocks, to get tranche and slash.',
    claimedUpTo: CENSORING_STOPPED_UP_TO,
    rules: ['law'],
    stake: 'price',
    attack: world(censored, { miner: { ...IDLE, censors: 'own blocks' } }),
    baseline: world(censored),
  },
  {
    id: 'censor-majority',
    title: 'censors proofs by outrunning blocks that hold them',
    what: 'The same, and with more than half of the hash power every block that holds such a proof is outrun.',
    claimedUpTo: 50,
    rules: ['law'],
    stake: 'price',
    attack: world(censored, { miner: { ...IDLE, censors: 'orphans' } }),
    baseline: world(censored),
  },
  {
    id: 'repairer',
    title: 'repairer colludes with providers',
    what: 'The repairer that a client named has its own provider drain without need and gives the rest of the term to another provider of its own, for the bounty out of the reserve.',
    claimedUpTo: 0,
    rules: ['law'],
    stake: 'price',
    attack: world({ ...repaired, afterwards: 'replace' }),
    baseline: world(repaired),
  },
];
