import type { DatasetStorage } from './dataset.js';

/** Whose contracts they are. */
export type Side = 'attacker' | 'honest';

/**
 * What client and provider do after the first proof (or the last): nothing; `end`, the client ends the contract; `renew`,
 * the contract goes on for the same term once it is proven to its end; `replace`, the provider drains and a repairer
 * gives the rest of the term to another provider; `extend`, one more epoch after every proof, up to twice the term;
 * `drop`, the client drops three quarters of the fragments.
 */
export const AFTERWARDS = ['nothing', 'end', 'renew', 'replace', 'extend', 'drop'] as const;
export type Afterwards = (typeof AFTERWARDS)[number];

/** Contracts of one client with one provider, and how the two behave. */
export interface FarmPlan {
  readonly client: Side;
  readonly provider: Side;
  readonly contracts: number;
  readonly epochs: number;
  readonly fragments: number;
  /** At most one chunk. */
  readonly fragmentBytes: number;
  /** What the client pays, base units. */
  readonly pricePerGiBEpoch: bigint;
  /** What the client sets aside for repair, in percent of the price. */
  readonly reservePercent?: number | undefined;
  /** Paid for every transaction; a miner's own blocks give it back to the miner. */
  readonly fee: bigint;
  /**
   * Which block of the epoch a contract is challenged on: as its id falls, or ids ground so that each group of this
   * many contracts is challenged on one block.
   */
  readonly slots: 'as they fall' | { readonly groundInGroupsOf: number };
  /**
   * `published`: every miner can include it. `own blocks`: kept for the attacker's own blocks, published two blocks
   * before the window closes. `first only`: the first epoch, in own blocks where possible; then nothing. `never`.
   */
  readonly proofs: 'published' | 'own blocks' | 'first only' | 'never';
  /** Share of the chunks that the provider does not have. */
  readonly lostShare: number;
  readonly storage: DatasetStorage;
  /** What client and provider do once a contract was proven. */
  readonly afterwards: Afterwards;
}

/** What a miner with a share of the hash power does beside mining. */
export interface MinerPlan {
  /** Throws away blocks of its own that would challenge its farm's lost chunks. */
  readonly discards: boolean;
  /** Leaves proofs of its farm's honest provider out of its own blocks; `orphans` also outruns blocks that hold one. */
  readonly censors: 'nothing' | 'own blocks' | 'orphans';
  /** Rents enough hash power to find the first block that can hold the proofs of each ground group, at its reward. */
  readonly rents: boolean;
}

/** One world to simulate. */
export interface WorldPlan {
  readonly farm?: FarmPlan | undefined;
  readonly miner: MinerPlan;
  /** A crowd that stores so much that the burn price rises as fast as it may. */
  readonly crowd: boolean;
  /** Epochs the world lasts, where that is longer than the farm's term. */
  readonly epochs?: number | undefined;
  /** Whose coins are counted: all of the attacker's keys (the default), or its miner's alone. */
  readonly purse?: 'all' | 'miner' | undefined;
  /** Overrides the burn price. */
  readonly burnPerGiBEpoch?: bigint | undefined;
}

/** Mines and does nothing else. */
export const IDLE: MinerPlan = { discards: false, censors: 'nothing', rents: false };
