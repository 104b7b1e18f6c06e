import type { FragmentId } from '#chain';
import type { OpenReplacement } from '#client';
import { bytesToHex } from '#crypto';
import type { SegmentPipeline } from '#erasure';
import { AppError, assertInvariant } from '#errors';
import type { ContractView, RepairContent, RepairSegment } from '#wire';
import type { ByteLimit } from './byte-limit.js';
import type { SegmentSource } from './segment-source.js';

/** Memory of segments that are rebuilt at once: what is read and what is made of it. */
const MAX_BYTES_IN_FLIGHT = 64 * 2 ** 20;
const MAX_SEGMENTS_IN_FLIGHT = 4;

/** Where a rebuilt fragment goes. */
export interface RebuiltTarget {
  readonly name: string;
  readonly wanted: readonly { readonly id: FragmentId }[];
  put(id: FragmentId, bytes: Uint8Array, signal?: AbortSignal): Promise<void>;
  /** Who keeps these fragments still and answers: then they are copied and nothing is rebuilt. */
  readonly copyFrom?: ContractView | undefined;
}

export interface RebuildOptions {
  readonly pipeline: Pick<SegmentPipeline, 'repairFragments'>;
  readonly source: SegmentSource;
  readonly limit: ByteLimit;
  readonly contents: readonly RepairContent[];
  /** The holder of a listed contract now, undefined where it cannot be asked. */
  readonly holderOf: (contract: string) => ContractView | undefined;
  readonly signal: AbortSignal;
}

/** How it went for each target: undefined, or what went wrong. */
export interface Rebuilt {
  readonly failures: ReadonlyMap<string, AppError>;
  readonly bytesRebuilt: ReadonlyMap<string, number>;
}

interface SegmentWork {
  readonly content: RepairContent;
  readonly segment: RepairSegment;
  readonly missing: { readonly index: number; readonly id: FragmentId; readonly target: RebuiltTarget }[];
}

/** A replacement as a target. */
export function replacementToTarget(
  open: OpenReplacement,
  copyFrom: ContractView | undefined,
): RebuiltTarget {
  const { contract, wanted } = open;
  return { name: contract, wanted, put: (id, bytes, signal) => open.put(id, bytes, signal), copyFrom };
}

/**
 * Rebuilds everything that the targets want, segment by segment: k fragments are read once for all that a segment lacks.
 * A target that fails is left out from there on, the others go on.
 */
export async function rebuild(targets: readonly RebuiltTarget[], options: RebuildOptions): Promise<Rebuilt> {
  const failures = new Map<string, AppError>();
  const bytesRebuilt = new Map<string, number>();
  const work = workOf(targets, options.contents, failures);
  const isOpen = (target: RebuiltTarget): boolean => !failures.has(target.name);
  const fail = (target: RebuiltTarget, error: unknown): void => {
    if (!(error instanceof AppError) || options.signal.aborted) throw error;
    if (isOpen(target)) failures.set(target.name, error);
  };
  const store = async (target: RebuiltTarget, id: FragmentId, bytes: Uint8Array): Promise<void> => {
    try {
      await options.limit.take(bytes.length, options.signal);
      await target.put(id, bytes, options.signal);
      bytesRebuilt.set(target.name, (bytesRebuilt.get(target.name) ?? 0) + bytes.length);
    } catch (error) {
      fail(target, error);
    }
  };
  const one = async (item: SegmentWork): Promise<void> => {
    const open = item.missing.filter(({ target }) => isOpen(target));
    const left = await copyLeaving(item, open, options, store);
    if (left.length === 0) return;
    try {
      const rebuilt = await rebuildSegment(item, left, options);
      await Promise.all(left.map(({ target, id }, at) => store(target, id, rebuilt[at] as Uint8Array)));
    } catch (error) {
      for (const { target } of left) fail(target, error);
    }
  };
  const waiting = [...work].reverse();
  const next = async (): Promise<void> => {
    for (let item = waiting.pop(); item !== undefined; item = waiting.pop()) {
      options.signal.throwIfAborted();
      await one(item);
    }
  };
  await Promise.all(Array.from({ length: segmentsInFlight(work) }, next));
  return { failures, bytesRebuilt };
}

/** Fragments whose holder is leaving and still gives them; answers those that must be rebuilt. */
async function copyLeaving(
  { segment }: SegmentWork,
  missing: SegmentWork['missing'],
  { source, signal }: RebuildOptions,
  store: (target: RebuiltTarget, id: FragmentId, bytes: Uint8Array) => Promise<void>,
): Promise<SegmentWork['missing']> {
  const left: SegmentWork['missing'] = [];
  for (const item of missing) {
    const { index, id, target } = item;
    if (target.copyFrom === undefined) {
      left.push(item);
      continue;
    }
    const bytes = await source.fetchOne(segment, index, target.copyFrom, signal).catch((error: unknown) => {
      if (!(error instanceof AppError)) throw error;
      return undefined;
    });
    if (bytes === undefined) left.push(item);
    else await store(target, id, bytes);
  }
  return left;
}

async function rebuildSegment(
  { content, segment }: SegmentWork,
  missing: SegmentWork['missing'],
  { pipeline, source, holderOf, signal }: RebuildOptions,
): Promise<Uint8Array[]> {
  const { profile, repairKey, contracts } = content;
  const indexes = missing.map(({ index }) => index);
  const holders = segment.holders.map((place, index) =>
    place === 0 || indexes.includes(index) ? undefined : holderOf(contracts[place - 1] as string),
  );
  const fragments = await source.fetchAny(segment, profile.k, holders, signal);
  const { segmentId, fragmentLength, fragmentIds } = segment;
  const input = { segmentId, fragmentLength, fragmentIds: [...fragmentIds], fragments, repairKey, profile };
  return pipeline.repairFragments({ ...input, missing: indexes });
}

/** Which fragments of which segments are wanted; a target with a fragment that no capability knows fails. */
function workOf(
  targets: readonly RebuiltTarget[],
  contents: readonly RepairContent[],
  failures: Map<string, AppError>,
): SegmentWork[] {
  const places = new Map<string, { content: RepairContent; segment: RepairSegment; index: number }>();
  for (const content of contents) {
    for (const segment of content.segments) {
      for (const [index, id] of segment.fragmentIds.entries())
        places.set(bytesToHex(id), { content, segment, index });
    }
  }
  const bySegment = new Map<RepairSegment, SegmentWork>();
  for (const target of targets) {
    const unknown = target.wanted.find(({ id }) => !places.has(id));
    if (unknown !== undefined) {
      failures.set(target.name, unknownFragment(target.name, unknown.id));
      continue;
    }
    for (const { id } of target.wanted) {
      const place = places.get(id);
      assertInvariant(place !== undefined, 'a wanted fragment has a place');
      const { content, segment, index } = place;
      const item = bySegment.get(segment) ?? { content, segment, missing: [] };
      item.missing.push({ index, id, target });
      bySegment.set(segment, item);
    }
  }
  return [...bySegment.values()];
}

function segmentsInFlight(work: readonly SegmentWork[]): number {
  const most = work.reduce(
    (max, { content, segment, missing }) =>
      Math.max(max, (content.profile.k + missing.length) * segment.fragmentLength),
    1,
  );
  return Math.max(1, Math.min(MAX_SEGMENTS_IN_FLIGHT, Math.floor(MAX_BYTES_IN_FLIGHT / most)));
}

function unknownFragment(contract: string, fragment: string): AppError {
  return new AppError({
    code: 'repair/unknown-fragment',
    message: `Contract ${contract} lists fragment ${fragment}, which no capability handed over to this repairer names.`,
    next: 'Its client hands over what is missing with its next command.',
    data: { contract, fragment },
  });
}
