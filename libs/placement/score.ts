import type { EndpointView, OfferView } from '#wire';

/** What is known of how a provider behaves; whatever is left out is not known. */
export interface Standing {
  /** By the chain, over all its contracts: epochs proven and missed, contracts that failed, contracts it asked to leave. */
  readonly proven?: number;
  readonly missed?: number;
  readonly failed?: number;
  readonly drained?: number;
  /** Of its last answer to a probe. */
  readonly latencyMs?: number;
  readonly probesAnswered?: number;
  readonly probesMade?: number;
  /** What this process saw itself, lately: it denied, lied or was not there; it was much slower than others. */
  readonly failuresSeen?: number;
  readonly slowSeen?: boolean;
}

/** A provider that could take fragments: its price sheet, where it is reached, and how it behaved. */
export interface Candidate {
  readonly offer: OfferView;
  readonly endpoint: EndpointView;
  readonly standing?: Standing;
}

/** How much each part counts, and what is assumed where nothing is known (docs/adr/0030-placement-score.md). */
export const PLACEMENT_WEIGHTS = {
  /** Exponents of the parts of a score. */
  price: 1,
  record: 4,
  answers: 1,
  space: 0.25,
  seen: 1,
  /** A newcomer counts like one that proved nine epochs of ten: neither trusted nor shut out. */
  priorProven: 9,
  priorMissed: 1,
  /** A contract that failed weighs as much as so many more missed epochs; one that was left in good order as one. */
  missesPerFailure: 10,
  missesPerDrain: 1,
  /** Latency that costs a factor of the root of two; assumed of whoever was never measured. */
  usualLatencyMs: 200,
  /** Part of the space score that a provider without room to spare keeps. */
  spaceFloor: 0.1,
  /** Factor of whoever was slow lately. */
  slow: 0.5,
  /** Epochs proven before a provider is no newcomer any more. */
  newcomerProven: 30,
  /** Of the holders of a file: newcomers at least, where there are blameless ones, and at most, where there are others. */
  newcomersAtLeast: 1 / 8,
  newcomersAtMost: 1 / 3,
  /** Factor for each holder already chosen in the same declared region. */
  sameRegion: 0.9,
} as const;

/** What a score is made of; each from 0 to 1, the score is their product. */
export interface ScoreParts {
  /** For the bytes asked for, against the median of those who can take them: 0.5 at the median, 1 for nothing. */
  readonly price: number;
  /** Expected share of epochs proven, to the power of the weight. */
  readonly record: number;
  /** Probes answered, and how fast. */
  readonly answers: number;
  /** Share of its capacity that is free. */
  readonly space: number;
  /** What this process saw itself. */
  readonly seen: number;
}

/** A candidate with its score, and what it is made of. */
export interface ScoredCandidate extends Candidate {
  readonly score: number;
  readonly parts: ScoreParts;
}

/** Scores candidates for so many bytes; an order of its own has only `rankCandidates`. */
export function scoreCandidates(candidates: readonly Candidate[], bytes: bigint): ScoredCandidate[] {
  const prices = candidates.map(({ offer }) => epochPrice(offer, bytes));
  const usual = medianPrice(prices);
  return candidates.map((candidate, index) => {
    const parts = scoreParts(candidate, prices[index] ?? 0, usual);
    const score = parts.price * parts.record * parts.answers * parts.space * parts.seen;
    return { ...candidate, score, parts };
  });
}

/** The best first; equal ones in a fixed order of their ids, so that a choice can be repeated. */
export function compareScores(a: ScoredCandidate, b: ScoredCandidate): number {
  if (a.score !== b.score) return b.score - a.score;
  return a.offer.provider < b.offer.provider ? -1 : a.offer.provider > b.offer.provider ? 1 : 0;
}

/** Whether a provider has proven too little to be judged by it. */
export function isNewcomer({ standing }: Pick<Candidate, 'standing'>): boolean {
  return (standing?.proven ?? 0) < PLACEMENT_WEIGHTS.newcomerProven;
}

/** Whether nothing speaks against a provider. */
export function isBlameless({ standing = {} }: Pick<Candidate, 'standing'>): boolean {
  return !standing.missed && !standing.failed && !standing.failuresSeen && standing.slowSeen !== true;
}

function scoreParts({ offer, standing = {} }: Candidate, price: number, usualPrice: number): ScoreParts {
  const weights = PLACEMENT_WEIGHTS;
  const { proven = 0, missed = 0, failed = 0, drained = 0, latencyMs = weights.usualLatencyMs } = standing;
  const { probesAnswered = 0, probesMade = 0, failuresSeen = 0, slowSeen = false } = standing;
  const against = missed + weights.missesPerFailure * failed + weights.missesPerDrain * drained;
  const answered = expectedShare(probesAnswered, probesMade - probesAnswered);
  const quickness = Math.sqrt(weights.usualLatencyMs / (weights.usualLatencyMs + latencyMs));
  const space = weights.spaceFloor + (1 - weights.spaceFloor) * freeShare(offer);
  return {
    price: (usualPrice / (usualPrice + price)) ** weights.price,
    record: expectedShare(proven, against) ** weights.record,
    answers: (answered * quickness) ** weights.answers,
    space: space ** weights.space,
    seen: ((slowSeen ? weights.slow : 1) / (1 + failuresSeen)) ** weights.seen,
  };
}

/** The mean of a Beta distribution: what is expected next after so much of both, from the prior on. */
function expectedShare(good: number, bad: number): number {
  const { priorProven, priorMissed } = PLACEMENT_WEIGHTS;
  return (good + priorProven) / (good + priorProven + bad + priorMissed);
}

function freeShare({ capacityBytes, usedBytes }: OfferView): number {
  const capacity = Number(capacityBytes);
  return capacity === 0 ? 0 : Math.max(0, capacity - Number(usedBytes)) / capacity;
}

/** The upper median, and never nothing: a price of a base unit an epoch is still compared with one of two. */
function medianPrice(prices: readonly number[]): number {
  const sorted = [...prices].sort((a, b) => a - b);
  return Math.max(1, sorted[Math.floor(sorted.length / 2)] ?? 1);
}

/** Base units an epoch for so many bytes. */
function epochPrice(offer: OfferView, bytes: bigint): number {
  return Number((BigInt(offer.basePerEpoch) << 30n) + BigInt(offer.pricePerGiBEpoch) * bytes) / 2 ** 30;
}
