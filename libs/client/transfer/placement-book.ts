import type { ContractId, FragmentId } from '#chain';
import type { FragmentEntry } from '#contracts';
import { bytesToHex, hexToBytes } from '#crypto';
import { assertInvariant } from '#errors';
import { type ManifestSegment, notPlaced, type RedundancyProfile, uploadQuorum } from '#fragments';
import { type FailureDomain, OccupiedDomains } from '#placement';

/** A sealed segment, wherever its fragments are. */
export type SegmentShape = Omit<ManifestSegment, 'holders'>;

/** Fragments of a segment that nobody holds. */
export interface MissingFragments {
  readonly segment: number;
  readonly fragments: readonly number[];
}

/** Who holds which fragment of every segment. Never two fragments of a segment in one failure domain. */
export class PlacementBook {
  private readonly shapes: SegmentShape[] = [];
  private readonly holders: (ContractId | undefined)[][] = [];
  private readonly domains = new Map<ContractId, FailureDomain>();

  constructor(readonly profile: RedundancyProfile) {}

  get segmentCount(): number {
    return this.shapes.length;
  }

  /** Fewest holders that every segment needs before anything is paid. */
  get quorum(): number {
    return uploadQuorum(this.profile);
  }

  /** Says where a contract's fragments would fall together. */
  addContract(contract: ContractId, domain: FailureDomain): void {
    this.domains.set(contract, domain);
  }

  /** A segment under its index; one that was there before is forgotten with its holders. */
  addSegment(index: number, shape: SegmentShape): void {
    this.shapes[index] = shape;
    this.holders[index] = new Array<ContractId | undefined>(this.profile.n).fill(undefined);
  }

  shape(segment: number): SegmentShape {
    const shape = this.shapes[segment];
    assertInvariant(shape !== undefined, `segment ${segment} was sealed`);
    return shape;
  }

  fragmentIdsOf(segment: number): FragmentId[] {
    return this.shape(segment).fragmentIds.map((id) => bytesToHex(id) as FragmentId);
  }

  /** Forgets segments beyond the end: those of an earlier, longer version. */
  truncate(segmentCount: number): void {
    this.shapes.length = Math.min(this.shapes.length, segmentCount);
    this.holders.length = Math.min(this.holders.length, segmentCount);
  }

  /** The contract of each fragment. */
  holdersOf(segment: number): readonly (ContractId | undefined)[] {
    return this.holders[segment] ?? [];
  }

  /** Whether a contract may take a fragment: no other fragment of the segment is in its failure domain. */
  canPlace(segment: number, fragment: number, contract: ContractId): boolean {
    return this.isDomainFree(segment, fragment, this.domainOf(contract));
  }

  isDomainFree(segment: number, fragment: number, domain: FailureDomain): boolean {
    const others = this.holdersOf(segment).flatMap((holder, index) =>
      index === fragment || holder === undefined ? [] : [this.domainOf(holder)],
    );
    return new OccupiedDomains(others).isFree(domain);
  }

  place(segment: number, fragment: number, contract: ContractId): void {
    assertInvariant(
      this.canPlace(segment, fragment, contract),
      `fragment ${fragment} of segment ${segment} would share a failure domain`,
    );
    const holders = this.holders[segment];
    assertInvariant(holders !== undefined && fragment < holders.length, `segment ${segment} was sealed`);
    holders[fragment] = contract;
  }

  placedCount(segment: number): number {
    return this.holdersOf(segment).filter((holder) => holder !== undefined).length;
  }

  /** Holders of the segment that has fewest; n where there is no segment. */
  fewestPlaced(): number {
    let fewest = this.profile.n;
    for (let segment = 0; segment < this.segmentCount; segment++) {
      fewest = Math.min(fewest, this.placedCount(segment));
    }
    return fewest;
  }

  /** What nobody holds, the segments with fewest holders first. */
  missing(): MissingFragments[] {
    const found: MissingFragments[] = [];
    for (const [segment, holders] of this.holders.entries()) {
      const fragments = holders.flatMap((holder, index) => (holder === undefined ? [index] : []));
      if (fragments.length > 0) found.push({ segment, fragments });
    }
    return found.sort((a, b) => b.fragments.length - a.fragments.length || a.segment - b.segment);
  }

  /** Forgets every holder that is not one of these. */
  keepOnly(isKept: (contract: ContractId) => boolean): void {
    for (const holders of this.holders) {
      for (const [index, holder] of holders.entries()) {
        if (holder !== undefined && !isKept(holder)) holders[index] = undefined;
      }
    }
  }

  /** Contracts that hold something. */
  contracts(): Set<ContractId> {
    return new Set(this.holders.flatMap((holders) => holders.filter((holder) => holder !== undefined)));
  }

  /** What each contract holds, in file order. */
  entries(): Map<ContractId, FragmentEntry[]> {
    const byContract = new Map<ContractId, FragmentEntry[]>();
    for (const [segment, holders] of this.holders.entries()) {
      const { fragmentIds, fragmentLength } = this.shape(segment);
      for (const [index, holder] of holders.entries()) {
        if (holder === undefined) continue;
        const entry = {
          id: bytesToHex(fragmentIds[index] as Uint8Array) as FragmentId,
          lengthBytes: fragmentLength,
        };
        const list = byContract.get(holder);
        if (list === undefined) byContract.set(holder, [entry]);
        else list.push(entry);
      }
    }
    return byContract;
  }

  toSegments(): ManifestSegment[] {
    return this.shapes.map((shape, segment) => ({
      ...shape,
      holders: this.holdersOf(segment).map((holder) =>
        holder === undefined ? notPlaced : hexToBytes(holder),
      ),
    }));
  }

  private domainOf(contract: ContractId): FailureDomain {
    const domain = this.domains.get(contract);
    assertInvariant(domain !== undefined, `the failure domain of contract ${contract} is known`);
    return domain;
  }
}
