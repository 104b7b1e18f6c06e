import type { NetworkParams } from '#chain';
import { simOffer } from './agreements.js';
import { BURN_PER_KIB_EPOCH, economyParams, perGiB } from './economy-params.js';
import { Farm } from './farm.js';
import { LawChain } from './law-chain.js';
import { createRuleLaw } from './mint-rules.js';
import { PARTIES } from './party.js';
import { atLeast, type Interval, wilsonInterval } from './statistics.js';

/** Shares of the data that a provider has lost, in percent. */
export const LOST_PERCENTS = [1, 5, 10, 50] as const;
/** Epochs within which it should be caught. */
export const DETECTION_EPOCHS = 30;
/** Contracts of each share: independent trials. */
export const DETECTION_CONTRACTS = 500;

/** Chunks of each contract: one of them is a percent. */
const CHUNKS = 100;

/** A measured rate beside what theory says. */
export interface MeasuredRate {
  readonly hits: number;
  readonly measured: number;
  readonly interval: Interval;
  readonly expected: number;
}

/** What became of providers that lost a share of the data. */
export interface DetectionRow {
  readonly lostPercent: number;
  readonly contracts: number;
  /** At least one challenge that it could not answer. */
  readonly caught: MeasuredRate;
  /** As many as the strike rule allows: the contract failed. */
  readonly failed: MeasuredRate;
  /** Share caught and share failed by the end of each epoch, measured and expected. */
  readonly curve: readonly {
    readonly epoch: number;
    readonly caught: number;
    readonly caughtExpected: number;
    readonly failed: number;
    readonly failedExpected: number;
  }[];
}

/** Probability that one challenge draws a lost chunk: draws are independent and may repeat. */
export function missProbability(lostShare: number, challenges: number): number {
  return 1 - (1 - lostShare) ** challenges;
}

/** Probability of at least `misses` misses in so many epochs. */
export function detectionProbability(
  lostShare: number,
  challenges: number,
  epochs: number,
  misses: number,
): number {
  return atLeast(misses, epochs, missProbability(lostShare, challenges));
}

/** The main network's challenges and strikes with the devnet's short epoch: detection counts epochs, not blocks. */
function detectionParams(): NetworkParams {
  const params = economyParams(Object.values(PARTIES));
  const contract = {
    ...params.contract,
    epochBlocks: 20,
    windowBlocks: 8,
    proofDelayBlocks: 2,
    startDelayBlocks: 2,
    settleDelayBlocks: 2,
  };
  return { ...params, contract };
}

/** Measures how soon providers that lost a share of each contract's chunks are caught and failed. */
export function measureDetection(
  seed: number,
  lostPercent: number,
  contracts = DETECTION_CONTRACTS,
): DetectionRow {
  const chain = new LawChain(createRuleLaw(detectionParams(), 'law'));
  const provider = PARTIES.attackerProvider;
  const plan = {
    client: 'honest',
    provider: 'attacker',
    contracts,
    epochs: DETECTION_EPOCHS,
    fragments: CHUNKS,
    fragmentBytes: 1024,
    pricePerGiBEpoch: perGiB(BURN_PER_KIB_EPOCH),
    fee: 0n,
    slots: 'as they fall',
    proofs: 'published',
    lostShare: lostPercent / 100,
    storage: 'kept',
    afterwards: 'nothing',
  } as const;
  const parties = {
    client: PARTIES.honestClient,
    provider,
    successor: PARTIES.attackerSuccessor,
    repairer: PARTIES.attackerRepairer,
  };
  const farm = new Farm(chain, plan, parties, seed, 2);
  const offer = chain.sign(provider, 'offer', simOffer(provider), { lane: 0, sequence: 0n, fee: 0n });
  for (let height = 1; !farm.isSettled; height++) {
    const transactions = farm.offerings(height).map(({ transaction }) => transaction);
    if (height === 1) transactions.push(offer);
    const block = chain.draft(PARTIES.honestMiner.account, transactions);
    farm.follow(height, chain.add(block).events);
  }
  return summarise(chain.law.params, lostPercent, farm.detections);
}

function summarise(params: NetworkParams, lostPercent: number, detections: Farm['detections']): DetectionRow {
  const { challenges, strikes } = params.contract;
  const lost = lostPercent / 100;
  const trials = detections.length;
  const upTo = (epoch: number, of: (detection: Farm['detections'][number]) => number | undefined): number =>
    detections.filter((detection) => (of(detection) ?? Number.POSITIVE_INFINITY) <= epoch).length;
  const rate = (hits: number, misses: number): MeasuredRate => {
    const { low, high } = wilsonInterval(hits, trials);
    return {
      hits,
      measured: round(hits / trials),
      interval: { low: round(low), high: round(high) },
      expected: round(detectionProbability(lost, challenges, DETECTION_EPOCHS, misses)),
    };
  };
  const last = DETECTION_EPOCHS - 1;
  return {
    lostPercent,
    contracts: trials,
    caught: rate(
      upTo(last, ({ missedIn }) => missedIn),
      1,
    ),
    failed: rate(
      upTo(last, ({ failedIn }) => failedIn),
      strikes,
    ),
    curve: Array.from({ length: DETECTION_EPOCHS }, (_, epoch) => ({
      epoch: epoch + 1,
      caught: round(upTo(epoch, ({ missedIn }) => missedIn) / trials),
      caughtExpected: round(detectionProbability(lost, challenges, epoch + 1, 1)),
      failed: round(upTo(epoch, ({ failedIn }) => failedIn) / trials),
      failedExpected: round(detectionProbability(lost, challenges, epoch + 1, strikes)),
    })),
  };
}

const round = (rate: number): number => Math.round(rate * 10_000) / 10_000;
