import type { RedundancyProfile } from '#fragments';
import { splitMix32 } from '../split-mix.js';
import { EventQueue } from './event-queue.js';

/** Outages that take a whole region at once. */
export interface RegionalOutages {
  readonly regions: number;
  /** Expected number in a year, over all regions. */
  readonly perYear: number;
  /** Of the region's providers so many never come back, 0 to 1; the others do after `days`. */
  readonly lostShare: number;
  readonly days: number;
}

/** What is simulated. Times in days. */
export interface ClusterOptions {
  readonly profile: RedundancyProfile;
  readonly providers: number;
  /** Segments looked at; a sample of all that are stored. */
  readonly segments: number;
  readonly years: number;
  readonly meanLifetimeDays: number;
  /** From fewer than `repairBelow` live fragments until repair may begin to move bytes; undefined: nobody repairs. */
  readonly repairDays: number | undefined;
  /** Whether that delay is exponential, as the closed form has it, or always the same. */
  readonly repairDelay: 'exponential' | 'fixed';
  /** Bytes a day that all repairs of the sample may read and write together; undefined: no limit. */
  readonly repairBytesPerDay?: number;
  readonly fragmentBytes: number;
  readonly outages?: RegionalOutages;
  /** At most one fragment of a segment in each region, where there are enough regions. */
  readonly spreadOverRegions?: boolean;
  readonly seed: number;
}

/** What came of it. */
export interface ClusterResult {
  readonly segmentYears: number;
  readonly losses: number;
  /** Fewest live fragments any segment had. */
  readonly fewestLive: number;
  readonly repairs: number;
  /** Read and written by repairs, in bytes. */
  readonly repairBytes: number;
  readonly providersLost: number;
  /** Longest time from too few live fragments to all of them again, in days. */
  readonly longestRepairDays: number;
}

const DAYS_PER_YEAR = 365;
const REPAIR = 0;
const PROVIDER_DIES = 1;
const OUTAGE = 2;
const OUTAGE_ENDS = 3;
const NONE = -1;

/**
 * Segments on providers that come and go. A segment that is lost begins anew with all fragments, so that losses per
 * segment-year estimate one over the mean time to loss.
 */
export function simulateCluster(options: ClusterOptions): ClusterResult {
  return new Cluster(options).run();
}

class Cluster {
  private readonly random: () => number;
  private readonly events = new EventQueue();
  /** Provider of each fragment, by segment * n + index; NONE: lost. */
  private readonly holders: Int32Array;
  /** The fragments of a provider are a list through these. */
  private readonly firstOf: Int32Array;
  private readonly next: Int32Array;
  private readonly previous: Int32Array;
  private readonly isAway: Uint8Array;
  private readonly live: Uint16Array;
  /** Since when a segment has too few live fragments, and when its repair is due; NONE: it is well. */
  private readonly sickSince: Float64Array;
  private readonly repairAt: Float64Array;
  private now = 0;
  private queueFreeAt = 0;
  private losses = 0;
  private fewestLive: number;
  private repairs = 0;
  private repairBytes = 0;
  private providersLost = 0;
  private longestRepair = 0;

  constructor(private readonly options: ClusterOptions) {
    const { providers, segments, profile, seed } = options;
    this.random = splitMix32(seed);
    const fragments = segments * profile.n;
    this.holders = new Int32Array(fragments).fill(NONE);
    this.next = new Int32Array(fragments).fill(NONE);
    this.previous = new Int32Array(fragments).fill(NONE);
    this.firstOf = new Int32Array(providers).fill(NONE);
    this.isAway = new Uint8Array(providers);
    this.live = new Uint16Array(segments);
    this.sickSince = new Float64Array(segments).fill(NONE);
    this.repairAt = new Float64Array(segments).fill(NONE);
    this.fewestLive = profile.n;
  }

  run(): ClusterResult {
    const { segments, years } = this.options;
    for (let segment = 0; segment < segments; segment++) this.placeMissing(segment);
    this.scheduleDeath();
    this.scheduleOutage();
    const end = years * DAYS_PER_YEAR;
    while (this.events.nextTime <= end) {
      const event = this.events.pop();
      if (event === undefined) break;
      this.now = event.time;
      if (event.kind === REPAIR) this.repair(event.subject);
      else if (event.kind === PROVIDER_DIES) this.nextDeath();
      else if (event.kind === OUTAGE) this.outage();
      else this.comeBack(event.subject);
    }
    return {
      segmentYears: segments * years,
      losses: this.losses,
      fewestLive: this.fewestLive,
      repairs: this.repairs,
      repairBytes: this.repairBytes,
      providersLost: this.providersLost,
      longestRepairDays: this.longestRepair,
    };
  }

  /** Lives are exponential: who dies next is anybody, and the one that comes in its place is like the others. */
  private scheduleDeath(): void {
    const { providers, meanLifetimeDays } = this.options;
    this.events.push(this.now + this.exponential(meanLifetimeDays / providers), PROVIDER_DIES, 0);
  }

  private nextDeath(): void {
    this.die(this.below(this.options.providers));
    this.scheduleDeath();
  }

  private die(provider: number): void {
    this.providersLost += 1;
    const wasAway = this.isAway[provider] === 1;
    this.isAway[provider] = 0;
    const fragments = this.fragmentsOf(provider);
    // Whoever comes in its place starts empty, and may be given some of these segments at once.
    this.firstOf[provider] = NONE;
    for (const fragment of fragments) this.holders[fragment] = NONE;
    for (const fragment of fragments) this.lose(this.segmentOf(fragment), wasAway ? 0 : 1);
  }

  private scheduleOutage(): void {
    const { outages } = this.options;
    if (outages === undefined) return;
    this.events.push(this.now + this.exponential(DAYS_PER_YEAR / outages.perYear), OUTAGE, 0);
  }

  private outage(): void {
    const { outages, providers } = this.options;
    if (outages === undefined) return;
    const region = this.below(outages.regions);
    for (let provider = region; provider < providers; provider += outages.regions) {
      if (this.random() < outages.lostShare) this.die(provider);
      else this.goAway(provider);
    }
    this.events.push(this.now + outages.days, OUTAGE_ENDS, region);
    this.scheduleOutage();
  }

  private goAway(provider: number): void {
    if (this.isAway[provider] === 1) return;
    this.isAway[provider] = 1;
    for (const fragment of this.fragmentsOf(provider)) this.lose(this.segmentOf(fragment), 1);
  }

  private comeBack(region: number): void {
    const { outages, providers } = this.options;
    for (let provider = region; provider < providers; provider += outages?.regions ?? 1) {
      if (this.isAway[provider] === 0) continue;
      this.isAway[provider] = 0;
      for (const fragment of this.fragmentsOf(provider)) {
        const segment = this.segmentOf(fragment);
        const live = (this.live[segment] as number) + 1;
        this.live[segment] = live;
        if (live >= this.options.profile.repairBelow) this.becomeWell(segment);
      }
    }
  }

  /** A list of their own: what happens to one of them may change who holds the others. */
  private fragmentsOf(provider: number): number[] {
    const fragments: number[] = [];
    for (let at = this.firstOf[provider] as number; at !== NONE; at = this.next[at] as number)
      fragments.push(at);
    return fragments;
  }

  /** `fewer` fragments of a segment answer from now on. */
  private lose(segment: number, fewer: number): void {
    const { profile } = this.options;
    const live = (this.live[segment] as number) - fewer;
    this.live[segment] = live;
    this.fewestLive = Math.min(this.fewestLive, live);
    // Fragments that are away come back: what counts as lost is what nobody has any more.
    if (live < profile.k && this.keptOf(segment) < profile.k) this.lost(segment);
    else if (live < profile.repairBelow && this.sickSince[segment] === NONE) this.scheduleRepair(segment);
  }

  private lost(segment: number): void {
    this.losses += 1;
    const { n } = this.options.profile;
    for (let fragment = segment * n; fragment < (segment + 1) * n; fragment++) this.release(fragment);
    this.placeMissing(segment);
  }

  private scheduleRepair(segment: number): void {
    const { repairDays, repairDelay, repairBytesPerDay, fragmentBytes, profile } = this.options;
    if (repairDays === undefined) return;
    this.sickSince[segment] = this.now;
    let done = this.now + (repairDelay === 'fixed' ? repairDays : this.exponential(repairDays));
    if (repairBytesPerDay !== undefined) {
      // One queue for all: bytes are moved in the order in which repairs may begin.
      const bytes = (profile.k + profile.n - profile.repairBelow + 1) * fragmentBytes;
      this.queueFreeAt = Math.max(this.queueFreeAt, done) + bytes / repairBytesPerDay;
      done = this.queueFreeAt;
    }
    this.repairAt[segment] = done;
    this.events.push(done, REPAIR, segment);
  }

  private becomeWell(segment: number): void {
    this.sickSince[segment] = NONE;
    this.repairAt[segment] = NONE;
  }

  private repair(segment: number): void {
    const { profile, fragmentBytes, repairDays } = this.options;
    // It was called off, since enough came back, or lost and begun anew.
    if (this.repairAt[segment] !== this.now) return;
    const live = this.live[segment] as number;
    if (live < profile.k) {
      // Too many are away; they are asked again later.
      this.repairAt[segment] = this.now + (repairDays ?? 1);
      this.events.push(this.now + (repairDays ?? 1), REPAIR, segment);
      return;
    }
    const since = this.sickSince[segment] as number;
    this.longestRepair = Math.max(this.longestRepair, this.now - since);
    this.repairs += 1;
    this.repairBytes += (profile.k + profile.n - live) * fragmentBytes;
    this.placeMissing(segment);
  }

  /** Gives every fragment that is lost or away to a provider that holds none of the segment. */
  private placeMissing(segment: number): void {
    const { n } = this.options.profile;
    for (let fragment = segment * n; fragment < (segment + 1) * n; fragment++) {
      const holder = this.holders[fragment] as number;
      if (holder !== NONE && this.isAway[holder] === 0) continue;
      this.release(fragment);
      this.place(fragment, this.choose(segment));
    }
    this.live[segment] = n;
    this.becomeWell(segment);
  }

  private choose(segment: number): number {
    const { providers, profile, outages, spreadOverRegions } = this.options;
    const regions = outages?.regions ?? providers;
    const mustSpread = spreadOverRegions === true && regions >= profile.n;
    const from = segment * profile.n;
    for (;;) {
      const provider = this.below(providers);
      if (this.isAway[provider] === 1) continue;
      let isTaken = false;
      for (let fragment = from; fragment < from + profile.n && !isTaken; fragment++) {
        const holder = this.holders[fragment] as number;
        if (holder === NONE) continue;
        isTaken = mustSpread ? holder % regions === provider % regions : holder === provider;
      }
      if (!isTaken) return provider;
    }
  }

  private place(fragment: number, provider: number): void {
    const first = this.firstOf[provider] as number;
    this.holders[fragment] = provider;
    this.next[fragment] = first;
    this.previous[fragment] = NONE;
    if (first !== NONE) this.previous[first] = fragment;
    this.firstOf[provider] = fragment;
  }

  private release(fragment: number): void {
    const provider = this.holders[fragment] as number;
    if (provider === NONE) return;
    const [before, after] = [this.previous[fragment] as number, this.next[fragment] as number];
    if (before === NONE) this.firstOf[provider] = after;
    else this.next[before] = after;
    if (after !== NONE) this.previous[after] = before;
    this.holders[fragment] = NONE;
  }

  /** Fragments that somebody has, away or not. */
  private keptOf(segment: number): number {
    const { n } = this.options.profile;
    let kept = 0;
    for (let fragment = segment * n; fragment < (segment + 1) * n; fragment++) {
      if (this.holders[fragment] !== NONE) kept += 1;
    }
    return kept;
  }

  private segmentOf(fragment: number): number {
    return Math.floor(fragment / this.options.profile.n);
  }

  private below(limit: number): number {
    return Math.floor(this.random() * limit);
  }

  private exponential(mean: number): number {
    return -mean * Math.log1p(-this.random());
  }
}
