import type { ContractId } from '#chain';
import { bytesToHex } from '#crypto';
import { isPlaced, type Manifest } from '#fragments';
import type { CallOptions, ClientContext } from '../context.js';
import { contractsOf } from '../transfer/upload.js';
import { auditHolders, type HolderHealth } from './holder-audits.js';

/** Chunks asked of every holder at a check, unless told. */
const CHUNKS_PER_AUDIT = 2;

/** `lost`: below k; `critical`: exactly k; `degraded`: below the repair threshold; `healthy` otherwise. */
export type HealthVerdict = 'healthy' | 'degraded' | 'critical' | 'lost';

/** Health of a file, measured now. */
export interface FileHealth {
  /** Milliseconds since 1970. */
  readonly checkedAtMs: number;
  readonly verdict: HealthVerdict;
  /** Fragments of the worst segment whose holders proved that they hold their contract's data. */
  readonly liveFragments: number;
  readonly neededFragments: number;
  readonly repairBelow: number;
  readonly totalFragments: number;
  readonly segmentCount: number;
  /** Index of the segment with the fewest live fragments; undefined for an empty file. */
  readonly worstSegment: number | undefined;
  /** Fragments of that segment that were never placed, or not placed again. */
  readonly notPlaced: number;
  /** First height at which a holder that proved today is no longer paid; undefined where none proved. */
  readonly paidUntilHeight: number | undefined;
  readonly holders: readonly HolderHealth[];
}

/** How files are checked. */
export interface CheckOptions extends CallOptions {
  /** Random chunks asked of each contract; 1 to 16. */
  readonly chunks?: number;
}

/** Challenges every holder of a file now: random chunks, checked against the roots on chain. */
export async function checkFile(
  context: ClientContext,
  manifest: Manifest,
  options: CheckOptions = {},
): Promise<FileHealth> {
  const [health] = await checkFiles(context, [manifest], options);
  return health as FileHealth;
}

/** The same for many files, in their order; a contract that keeps several of them is asked once. */
export async function checkFiles(
  context: ClientContext,
  manifests: readonly Manifest[],
  options: CheckOptions = {},
): Promise<FileHealth[]> {
  const byManifest = new Map<Manifest, ContractId[]>();
  for (const manifest of manifests) {
    if (!byManifest.has(manifest)) byManifest.set(manifest, contractsOf(manifest) as ContractId[]);
  }
  const contracts = [...new Set([...byManifest.values()].flat())];
  const total = contracts.length;
  const answers = await auditHolders(context, contracts, {
    signal: options.signal,
    chunks: options.chunks ?? CHUNKS_PER_AUDIT,
    onDone: (done) => options.onProgress?.({ stage: 'checking', done, total }),
  });
  const checkedAtMs = context.nowMs();
  const health = new Map<Manifest, FileHealth>();
  for (const [manifest, own] of byManifest) {
    const holders = own.map((contract) => answers.get(contract) as HolderHealth);
    health.set(manifest, { checkedAtMs, ...judge(manifest, holders) });
  }
  return manifests.map((manifest) => health.get(manifest) as FileHealth);
}

function judge(manifest: Manifest, holders: readonly HolderHealth[]): Omit<FileHealth, 'checkedAtMs'> {
  const proved = holders.filter(({ ok }) => ok);
  const live = new Set(proved.map(({ contract }) => contract));
  const { k, repairBelow, n } = manifest.profile;
  let liveFragments = n;
  let worstSegment: number | undefined;
  for (const [index, segment] of manifest.segments.entries()) {
    const here = segment.holders.filter((holder) => live.has(bytesToHex(holder))).length;
    if (worstSegment !== undefined && here >= liveFragments) continue;
    liveFragments = here;
    worstSegment = index;
  }
  const worst = worstSegment === undefined ? undefined : manifest.segments[worstSegment];
  return {
    verdict: worst === undefined ? 'healthy' : verdictOf(liveFragments, k, repairBelow),
    liveFragments,
    neededFragments: k,
    repairBelow,
    totalFragments: n,
    segmentCount: manifest.segments.length,
    worstSegment,
    notPlaced: worst?.holders.filter((holder) => !isPlaced(holder)).length ?? 0,
    paidUntilHeight:
      proved.length === 0 ? undefined : Math.min(...proved.map(({ paidUntilHeight }) => paidUntilHeight)),
    holders,
  };
}

function verdictOf(live: number, k: number, repairBelow: number): HealthVerdict {
  if (live < k) return 'lost';
  if (live === k) return 'critical';
  return live < repairBelow ? 'degraded' : 'healthy';
}
