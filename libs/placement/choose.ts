import type { NetworkParams } from '#chain';
import { declared, failureDomain, OccupiedDomains } from './failure-domain.js';
import {
  type Candidate,
  compareScores,
  isBlameless,
  isNewcomer,
  PLACEMENT_WEIGHTS,
  type ScoredCandidate,
  scoreCandidates,
} from './score.js';

/** What a placement must satisfy. */
export interface PlacementRequest {
  /** Bytes each holder must still have room for. */
  readonly bytesPerHolder: bigint;
  readonly epochs: number;
  readonly height: number;
  /** Provider accounts that must not be chosen. */
  readonly exclude?: ReadonlySet<string>;
  /** Failure domains that are in use already. */
  readonly occupied?: OccupiedDomains;
  /** Holders wanted: so many first are spread over regions and have their share of newcomers. Default 0: by score alone. */
  readonly count?: number;
}

/** Why a candidate was not taken, for messages. */
export interface Refusal {
  readonly provider: string;
  readonly why: string;
}

/** Candidates that can serve, the best first, one per failure domain; and why the others cannot. */
export interface PlacementOptions {
  readonly usable: readonly ScoredCandidate[];
  readonly refusals: readonly Refusal[];
}

/**
 * Orders the providers that could hold fragments: offers that hold, room enough, term allowed, reachable address, scored by
 * price, record, answers and space, and only the best of each failure domain, so that no two fragments of a segment fall
 * with one machine or one owner.
 */
export function choosePlacement(
  params: NetworkParams,
  candidates: readonly Candidate[],
  request: PlacementRequest,
): PlacementOptions {
  const refusals: Refusal[] = [];
  const able = candidates.filter((candidate) => {
    const why = refusalOf(params, candidate, request);
    if (why !== undefined) refusals.push({ provider: candidate.offer.address, why });
    return why === undefined;
  });
  const queue = new PlaceQueue(scoreCandidates(able, request.bytesPerHolder), request.count ?? 0);
  const occupied = new OccupiedDomains();
  const usable: ScoredCandidate[] = [];
  for (let next = queue.take(); next !== undefined; next = queue.take()) {
    const domain = failureDomain(params, next);
    const taken = occupied.takenMark(domain);
    if (taken !== undefined) {
      refusals.push({ provider: next.offer.address, why: `same failure domain ${taken}` });
      continue;
    }
    occupied.add(domain);
    queue.placed(next);
    usable.push(next);
  }
  return { usable, refusals };
}

/** Of one region and class, the best first. */
interface Line {
  readonly region: string;
  readonly isNewcomer: boolean;
  readonly waiting: ScoredCandidate[];
  at: number;
}

/**
 * Who is next: while holders are wanted, the best score after the region's factor, newcomers within their share; then by
 * score alone.
 */
class PlaceQueue {
  private readonly lines = new Map<string, Line>();
  private readonly placedIn = new Map<string, number>();
  private readonly fewestNewcomers: number;
  private readonly mostNewcomers: number;
  private placedCount = 0;
  private newcomers = 0;
  private rest: ScoredCandidate[] | undefined;

  constructor(
    candidates: readonly ScoredCandidate[],
    private readonly wanted: number,
  ) {
    this.fewestNewcomers = Math.floor(wanted * PLACEMENT_WEIGHTS.newcomersAtLeast);
    this.mostNewcomers = Math.ceil(wanted * PLACEMENT_WEIGHTS.newcomersAtMost);
    for (const candidate of [...candidates].sort(compareScores)) {
      const region = declared(candidate.endpoint.region);
      const isNew = isNewcomer(candidate);
      const key = `${isNew ? 'new' : 'old'} ${region}`;
      const line = this.lines.get(key);
      if (line !== undefined) line.waiting.push(candidate);
      else this.lines.set(key, { region, isNewcomer: isNew, waiting: [candidate], at: 0 });
    }
  }

  take(): ScoredCandidate | undefined {
    if (this.placedCount >= this.wanted) return this.takeRest();
    const line = this.chooseLine();
    const chosen = line?.waiting[line.at];
    if (line !== undefined) line.at += 1;
    return chosen;
  }

  placed(candidate: ScoredCandidate): void {
    const region = declared(candidate.endpoint.region);
    this.placedIn.set(region, (this.placedIn.get(region) ?? 0) + 1);
    this.placedCount += 1;
    if (isNewcomer(candidate)) this.newcomers += 1;
  }

  private chooseLine(): Line | undefined {
    const isLastChance = this.wanted - this.placedCount <= this.fewestNewcomers - this.newcomers;
    const isFull = this.newcomers >= this.mostNewcomers;
    if (isLastChance) {
      const owed = this.best((line) => line.isNewcomer && isBlameless(line.waiting[line.at] ?? {}));
      if (owed !== undefined) return owed;
    }
    return this.best((line) => !isFull || !line.isNewcomer) ?? this.best(() => true);
  }

  /** The line whose first has the best score after what its region has got already. */
  private best(isOpen: (line: Line) => boolean): Line | undefined {
    let best: { readonly line: Line; readonly first: ScoredCandidate } | undefined;
    for (const line of this.lines.values()) {
      const candidate = line.waiting[line.at];
      if (candidate === undefined || !isOpen(line)) continue;
      const factor = PLACEMENT_WEIGHTS.sameRegion ** (this.placedIn.get(line.region) ?? 0);
      const first = { ...candidate, score: candidate.score * factor };
      if (best === undefined || compareScores(first, best.first) < 0) best = { line, first };
    }
    return best?.line;
  }

  private takeRest(): ScoredCandidate | undefined {
    this.rest ??= [...this.lines.values()]
      .flatMap(({ waiting, at }) => waiting.slice(at))
      .sort(compareScores)
      .reverse();
    return this.rest.pop();
  }
}

function refusalOf(
  params: NetworkParams,
  candidate: Candidate,
  request: PlacementRequest,
): string | undefined {
  const { offer, endpoint } = candidate;
  if (request.exclude?.has(offer.provider)) return 'excluded';
  if (offer.expiresAt <= request.height) return `its offer expired at height ${offer.expiresAt}`;
  if (endpoint.expiresAt <= request.height) return `its endpoint expired at height ${endpoint.expiresAt}`;
  if (endpoint.addresses.length === 0) return 'it announces no address';
  if (request.epochs < offer.minEpochs || request.epochs > offer.maxEpochs) {
    return `it takes ${offer.minEpochs} to ${offer.maxEpochs} epochs, not ${request.epochs}`;
  }
  const free = BigInt(offer.capacityBytes) - BigInt(offer.usedBytes);
  if (free < request.bytesPerHolder) return `it has ${free} bytes left, ${request.bytesPerHolder} are needed`;
  const taken = request.occupied?.takenMark(failureDomain(params, candidate));
  return taken === undefined ? undefined : `failure domain ${taken} is in use already`;
}
