import type { ContractId, KnownTransaction } from '#chain';
import type { Agreement, Leaf } from '#contracts';
import type { LawChain } from './law-chain.js';
import type { Party } from './party.js';

/** A transaction and from which height on everybody may include it; before that only the attacker. */
export interface Offering {
  readonly transaction: KnownTransaction;
  readonly publicFrom: number;
  /** A proof of the farm: what a censor looks for. */
  readonly isProof: boolean;
}

/** One contract of a farm as its parties follow it. */
export interface Plot {
  readonly index: number;
  readonly id: ContractId;
  readonly agreement: Agreement;
  readonly provider: Party;
  readonly lostChunks: ReadonlySet<number>;
  /** It goes on from another plot: nothing more is done with it than proving. */
  readonly isSuccessor: boolean;
  /** The leaves once some were dropped. */
  leaves: readonly Leaf[] | undefined;
  /** Epochs in which its data was still worth keeping. */
  epochsAlive: number;
  proofs: number;
  readonly missedEpochs: number[];
  failedInEpoch: number | undefined;
  isFormed: boolean;
  isSettled: boolean;
}

/** A plot of which nothing is on chain yet. */
export function createPlot(
  known: Pick<Plot, 'index' | 'id' | 'agreement' | 'provider' | 'lostChunks' | 'isSuccessor'>,
): Plot {
  return {
    ...known,
    leaves: undefined,
    epochsAlive: 0,
    proofs: 0,
    missedEpochs: [],
    failedInEpoch: undefined,
    isFormed: false,
    isSettled: false,
  };
}

/** A transaction that every miner may include at once. */
export function publicOffering(transaction: KnownTransaction): Offering {
  return { transaction, publicFrom: 0, isProof: false };
}

/** Lanes of one farm's parties: a contract each, so that no transaction waits for another contract's. */
export function laneOf(farmNumber: number, plotIndex: number): number {
  return farmNumber * 1_000 + plotIndex;
}

/** A party's next sequence in a lane, by what this farm has sent there. */
export class Sequences {
  private readonly next = new Map<string, bigint>();

  constructor(
    private readonly chain: LawChain,
    private readonly farmNumber: number,
    private readonly fee: bigint,
  ) {}

  /** Signs a party's transaction about a plot. */
  sign(party: Party, plot: Plot, kind: string, body: unknown): Offering {
    const lane = laneOf(this.farmNumber, plot.index);
    const key = `${party.label}/${lane}`;
    const sequence = this.next.get(key) ?? 0n;
    this.next.set(key, sequence + 1n);
    return publicOffering(this.chain.sign(party, kind, body, { lane, sequence, fee: this.fee }));
  }
}
