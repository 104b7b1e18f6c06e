import { randomBytes } from 'node:crypto';
import type { FragmentId } from '#chain';
import { bytesToHex, hexToBytes } from '#crypto';
import { releaseMemory } from '#erasure';
import { AppError } from '#errors';
import {
  isPlaced,
  type Manifest,
  type ManifestSegment,
  notPlaced,
  type SegmentPlan,
  segmentsOfPlan,
  uploadQuorum,
} from '#fragments';
import type { CallOptions, ClientContext } from '../context.js';
import { createFileHash } from './file-hash.js';
import { HolderSlots } from './holder-slots.js';
import type { SourceFile } from './source.js';
import { tooFewProviders, type UploadPlan } from './upload-plan.js';
import type { SignedAgreement } from './upload-slot.js';

/** Segments being sealed or sent at once: enough to keep two workers and the disks busy… */
const MAX_SEGMENTS_IN_FLIGHT = 4;
/** …and little enough for the memory: plaintext and fragments of all of them. */
const MAX_BYTES_IN_FLIGHT = 144 * 2 ** 20;

/** Every fragment is on its provider's disk and every provider has signed; nothing is on chain yet. */
export interface UploadedFile {
  readonly manifest: Manifest;
  readonly agreements: readonly SignedAgreement[];
}

/**
 * Reads, seals and spreads a file. Nothing is paid before every byte is stored: if this throws, no coin has moved
 * and the providers delete what nobody formed a contract for.
 */
export async function uploadFile(
  context: ClientContext,
  source: SourceFile,
  upload: UploadPlan,
  options: CallOptions = {},
): Promise<UploadedFile> {
  const { plan } = upload;
  const contentKey = new Uint8Array(randomBytes(32));
  const repairKey = new Uint8Array(randomBytes(32));
  const hash = createFileHash();
  const segments: ManifestSegment[] = new Array(plan.segmentCount);
  const stop = new AbortController();
  const signal = options.signal === undefined ? stop.signal : AbortSignal.any([options.signal, stop.signal]);
  const slots = plan.segmentCount === 0 ? undefined : await HolderSlots.open(context, upload, signal);
  const running = new Set<Promise<void>>();
  const inFlight = segmentsInFlight(plan);
  let done = 0;

  const store = async (segment: SegmentPlan, plain: Uint8Array): Promise<void> => {
    const sealed = await context.pipeline.sealSegment({
      plain,
      contentKey,
      repairKey,
      profile: plan.profile,
      fragmentSize: plan.fragmentSize,
    });
    const ids = sealed.fragmentIds.map((id) => bytesToHex(id) as FragmentId);
    const { holders, isQuiet } = await (slots as HolderSlots).storeSegment(ids, sealed.fragments, signal);
    // After a failure a socket may still hold a fragment's memory: the collector gets that later.
    if (isQuiet) for (const fragment of sealed.fragments) releaseMemory(fragment);
    segments[segment.index] = {
      segmentId: sealed.segmentId,
      plainLength: sealed.plainLength,
      fragmentLength: sealed.fragmentLength,
      fragmentIds: sealed.fragmentIds,
      holders: holders.map((contract) => (contract === undefined ? notPlaced : hexToBytes(contract))),
    };
    done += segment.plainLength;
    options.onProgress?.({ stage: 'sealing', done, total: plan.sizeBytes });
  };

  try {
    for (const segment of segmentsOfPlan(plan)) {
      signal.throwIfAborted();
      const plain = await source.read(segment.plainLength);
      hash.update(plain);
      const task = store(segment, plain);
      const tracked = task.finally(() => running.delete(tracked));
      // Its failure surfaces at the next wait below; until then it must not count as unhandled.
      tracked.catch(() => undefined);
      running.add(tracked);
      if (running.size >= inFlight) await Promise.race(running);
    }
    await Promise.all(running);
    await source.assertUnchanged();
  } catch (error) {
    stop.abort(error);
    await Promise.allSettled(running);
    throw error;
  }
  const manifest: Manifest = {
    sizeBytes: plan.sizeBytes,
    profile: plan.profile,
    fragmentSize: plan.fragmentSize,
    contentKey,
    repairKey,
    fileHash: hash.digest(),
    segments,
  };
  if (slots === undefined) return { manifest, agreements: [] };
  options.onProgress?.({ stage: 'agreeing', done: plan.sizeBytes, total: plan.sizeBytes });
  // Asked again: a long upload outlives the span within which an agreement must be formed.
  const { tip, burnPerGiBEpoch } = await context.ledger.status();
  const now = { height: tip.height, burnPerGiBEpoch: BigInt(burnPerGiBEpoch) };
  const agreements = await slots.agree(now, signal);
  return { manifest: keepHolders(manifest, new Set(agreements.map(({ contract }) => contract))), agreements };
}

/** The manifest with only those holders whose contract exists; throws where a segment has too few of them. */
export function keepHolders(
  manifest: Manifest,
  contracts: ReadonlySet<string>,
  failures: readonly { provider: string; why: string }[] = [],
): Manifest {
  const quorum = uploadQuorum(manifest.profile);
  const segments = manifest.segments.map((segment) => {
    const holders = segment.holders.map((holder) => (contracts.has(bytesToHex(holder)) ? holder : notPlaced));
    const placed = holders.filter(isPlaced).length;
    if (placed < quorum) throw tooFewProviders(manifest.profile, quorum, placed, failures);
    return { ...segment, holders };
  });
  return { ...manifest, segments };
}

function segmentsInFlight({ profile, fragmentSize }: UploadPlan['plan']): number {
  const segmentBytes = (profile.k + profile.n) * fragmentSize;
  return Math.max(1, Math.min(MAX_SEGMENTS_IN_FLIGHT, Math.floor(MAX_BYTES_IN_FLIGHT / segmentBytes)));
}

/** The distinct contracts of a manifest. */
export function contractsOf(manifest: Manifest): string[] {
  const ids = new Set<string>();
  for (const segment of manifest.segments) {
    for (const holder of segment.holders) if (isPlaced(holder)) ids.add(bytesToHex(holder));
  }
  return [...ids];
}

/** Bytes in memory as a source, for catalogues and manifests. */
export function memorySource(bytes: Uint8Array): SourceFile {
  let offset = 0;
  return {
    sizeBytes: bytes.length,
    modifiedAtMs: 0,
    read: async (lengthBytes) => {
      if (offset + lengthBytes > bytes.length)
        throw new AppError({ code: 'source/short', message: `${bytes.length} bytes are too few` });
      const part = bytes.slice(offset, offset + lengthBytes);
      offset += lengthBytes;
      return part;
    },
    assertUnchanged: async () => undefined,
    close: async () => undefined,
  };
}
