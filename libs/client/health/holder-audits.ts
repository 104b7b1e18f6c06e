import { randomBytes } from 'node:crypto';
import type { ContractId } from '#chain';
import { validateStorageProof } from '#contracts';
import { hexToBytes, readU64le } from '#crypto';
import { AppError, violationToText } from '#errors';
import type { ContractView } from '#wire';
import type { ClientContext } from '../context.js';
import { contractNow } from '../providers/provider-directory.js';
import { FragmentReader } from '../transfer/fragment-reader.js';

/** Audits under way at once, and at one provider. */
const AT_ONCE = 24;
const AT_ONE_PROVIDER = 2;
/** A provider that answers slower than this many silences does not answer. */
const PATIENCE = 2;

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

/** How holders are challenged. */
export interface AuditOptions {
  readonly signal?: AbortSignal | undefined;
  /** Random chunks asked of each contract, spread over all of it; 1 to 16. */
  readonly chunks: number;
  readonly onDone?: ((done: number) => void) | undefined;
}

/**
 * Challenges the holders of contracts now, several at a time: random chunks, checked against the roots on chain. A
 * provider that does not answer is asked once, not once for every contract it has.
 */
export async function auditHolders(
  context: ClientContext,
  contracts: readonly ContractId[],
  options: AuditOptions,
): Promise<Map<ContractId, HolderHealth>> {
  const audit = new HolderAudit(context, options);
  const answers = new Map<ContractId, HolderHealth>();
  const waiting = [...contracts];
  const work = async (): Promise<void> => {
    for (let contract = waiting.shift(); contract !== undefined; contract = waiting.shift()) {
      options.signal?.throwIfAborted();
      answers.set(contract, await audit.ask(contract));
      options.onDone?.(answers.size);
    }
  };
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, contracts.length) }, work));
  return answers;
}

class HolderAudit {
  private readonly reader: FragmentReader;
  /** Providers that did not answer at all, with what that looked like. */
  private readonly silent = new Map<string, string>();
  private readonly turns = new Map<string, Promise<unknown>[]>();

  constructor(
    private readonly context: ClientContext,
    private readonly options: AuditOptions,
  ) {
    this.reader = new FragmentReader(context);
  }

  async ask(contract: ContractId): Promise<HolderHealth> {
    const view = await contractNow(this.context.ledger, contract);
    if (view === null) {
      const unknown = { contract, provider: 'unknown', contractStatus: 'unknown', paidUntilHeight: 0 };
      return { ...unknown, ok: false, why: 'the ledger knows no such contract' };
    }
    const why = await this.inTurn(view.provider, () => this.whyNot(contract, view));
    const { providerAddress: provider, status: contractStatus, endHeight: paidUntilHeight } = view;
    return { contract, provider, contractStatus, paidUntilHeight, ok: why === undefined, why };
  }

  /** Why a holder did not prove what it was asked to; undefined where it did. */
  private async whyNot(contract: ContractId, view: ContractView): Promise<string | undefined> {
    const silent = this.silent.get(view.provider);
    if (silent !== undefined) return silent;
    const { signal } = this.options;
    const patienceMs = this.context.requestTimeoutMs * PATIENCE;
    const patience = AbortSignal.timeout(patienceMs);
    const both = signal === undefined ? patience : AbortSignal.any([signal, patience]);
    try {
      const draws = spreadChunks(BigInt(view.totalChunks), this.options.chunks);
      const session = await this.reader.session(contract);
      const proof = await session.audit(draws, both);
      const target = { root: hexToBytes(view.root), leafCount: view.leafCount, draws, wanted: draws.length };
      const violation = validateStorageProof(this.context.crypto, target, proof);
      return violation === undefined ? undefined : `its proof does not hold: ${violationToText(violation)}`;
    } catch (error) {
      signal?.throwIfAborted();
      const isSlow = patience.aborted;
      if (!(error instanceof AppError) && !isSlow) throw error;
      const why = isSlow ? `no proof within ${patienceMs / 1_000} s` : (error as AppError).message;
      if (isSlow || (error as AppError).code === 'provider/unreachable') this.silent.set(view.provider, why);
      return why;
    }
  }

  /** A few at a time with one provider: it reads from its disk for each. */
  private async inTurn<T>(provider: string, work: () => Promise<T>): Promise<T> {
    const lanes =
      this.turns.get(provider) ?? Array.from({ length: AT_ONE_PROVIDER }, () => Promise.resolve());
    this.turns.set(provider, lanes);
    const lane = lanes.shift() as Promise<unknown>;
    const run = lane.then(work);
    lanes.push(run.catch(() => undefined));
    return run;
  }
}

/** Random chunks, one in each of equal parts of the contract: the more, the more fragments are looked at. */
export function spreadChunks(totalChunks: bigint, count: number): bigint[] {
  const wanted = BigInt(count) < totalChunks ? BigInt(count) : totalChunks;
  return Array.from({ length: Number(wanted) }, (_, at) => {
    const from = (totalChunks * BigInt(at)) / wanted;
    const toExclusive = (totalChunks * BigInt(at + 1)) / wanted;
    return from + (readU64le(new Uint8Array(randomBytes(8)), 0) % (toExclusive - from));
  });
}
