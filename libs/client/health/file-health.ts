import { randomBytes } from 'node:crypto';
import type { ContractId } from '#chain';
import { validateStorageProof } from '#contracts';
import { bytesToHex, hexToBytes, readU64le } from '#crypto';
import { AppError, violationToText } from '#errors';
import type { Manifest } from '#fragments';
import type { CallOptions, ClientContext } from '../context.js';
import { contractNow } from '../providers/provider-directory.js';
import { FragmentReader } from '../transfer/fragment-reader.js';
import { contractsOf } from '../transfer/upload.js';

/** Chunks asked of every holder at a check. */
const CHUNKS_PER_AUDIT = 2;

/** What one holder answered to a challenge made now. */
export interface HolderHealth {
  readonly contract: string;
  readonly provider: string;
  readonly ok: boolean;
  /** Why not, where it is not. */
  readonly why: string | undefined;
  readonly contractStatus: string;
  readonly paidUntilHeight: number;
}

/** Health of a file, measured now. */
export interface FileHealth {
  /** Milliseconds since 1970. */
  readonly checkedAtMs: number;
  /** `lost`: below k; `critical`: exactly k; `degraded`: below the repair threshold; `healthy` otherwise. */
  readonly verdict: 'healthy' | 'degraded' | 'critical' | 'lost';
  /** Fragments of the worst segment whose holders proved that they hold their contract's data. */
  readonly liveFragments: number;
  readonly neededFragments: number;
  readonly repairBelow: number;
  readonly totalFragments: number;
  readonly holders: readonly HolderHealth[];
}

/** Challenges every holder of a file now: random chunks, checked against the roots on chain. */
export async function checkFile(
  context: ClientContext,
  manifest: Manifest,
  options: CallOptions = {},
): Promise<FileHealth> {
  const reader = new FragmentReader(context);
  const contracts = contractsOf(manifest) as ContractId[];
  let done = 0;
  const holders = await Promise.all(
    contracts.map(async (contract) => {
      const health = await auditHolder(context, reader, contract, options.signal);
      done += 1;
      options.onProgress?.({ stage: 'checking', done, total: contracts.length });
      return health;
    }),
  );
  const live = new Set(holders.filter(({ ok }) => ok).map(({ contract }) => contract));
  const { k, repairBelow, n } = manifest.profile;
  const liveFragments = Math.min(
    n,
    ...manifest.segments.map(
      (segment) => segment.holders.filter((holder) => live.has(bytesToHex(holder))).length,
    ),
  );
  return {
    checkedAtMs: context.nowMs(),
    verdict: manifest.segments.length === 0 ? 'healthy' : verdictOf(liveFragments, k, repairBelow),
    liveFragments,
    neededFragments: k,
    repairBelow,
    totalFragments: n,
    holders,
  };
}

function verdictOf(live: number, k: number, repairBelow: number): FileHealth['verdict'] {
  if (live < k) return 'lost';
  if (live === k) return 'critical';
  return live < repairBelow ? 'degraded' : 'healthy';
}

async function auditHolder(
  context: ClientContext,
  reader: FragmentReader,
  contract: ContractId,
  signal: AbortSignal | undefined,
): Promise<HolderHealth> {
  const known = await contractNow(context.ledger, contract);
  const about = {
    contract,
    provider: known?.providerAddress ?? 'unknown',
    contractStatus: known?.status ?? 'unknown',
    paidUntilHeight: known?.endHeight ?? 0,
  };
  if (known === null) return { ...about, ok: false, why: 'the ledger knows no such contract' };
  const totalChunks = BigInt(known.totalChunks);
  const chunks = Array.from(
    { length: CHUNKS_PER_AUDIT },
    () => readU64le(new Uint8Array(randomBytes(8)), 0) % totalChunks,
  );
  try {
    const session = await reader.session(contract);
    const proof = await session.audit(chunks, signal);
    const target = {
      root: hexToBytes(known.root),
      leafCount: known.leafCount,
      draws: chunks,
      wanted: chunks.length,
    };
    const violation = validateStorageProof(context.crypto, target, proof);
    if (violation === undefined) return { ...about, ok: true, why: undefined };
    return { ...about, ok: false, why: `its proof does not hold: ${violationToText(violation)}` };
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return { ...about, ok: false, why: error.message };
  }
}
