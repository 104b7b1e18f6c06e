import { randomBytes } from 'node:crypto';
import type { ContractId } from '#chain';
import { validateStorageProof } from '#contracts';
import { hexToBytes, readU64le } from '#crypto';
import { AppError, violationToText } from '#errors';
import type { ContractView } from '#wire';
import type { ClientContext } from '../context.js';
import { sessionWith } from '../contracts/own-contract.js';
import type { ProviderSession } from '../providers/provider-session.js';

/** Tickets are signed for six hours; sessions are made anew before they lapse. */
const SESSION_LIFE_MS = 3_600_000;
const EXTRA_BUDGET_BYTES = 64n << 20n;
/** Chunks asked of a holder at an audit. */
const CHUNKS_PER_AUDIT = 2;

/** Sessions of a long-lived process with the holders of contracts, one for each contract. */
export class HolderSessions {
  private readonly sessions = new Map<string, { session: Promise<ProviderSession>; madeAtMs: number }>();

  constructor(private readonly context: ClientContext) {}

  /** The session about a contract that is the current one (`contractNow`). */
  with(view: ContractView): Promise<ProviderSession> {
    const nowMs = this.context.nowMs();
    const known = this.sessions.get(view.id);
    if (known !== undefined && nowMs - known.madeAtMs < SESSION_LIFE_MS) return known.session;
    const budgetBytes = BigInt(view.totalBytes) * 4n + EXTRA_BUDGET_BYTES;
    const session = sessionWith(this.context, { id: view.id as ContractId, view }, budgetBytes);
    session.catch(() => this.sessions.delete(view.id));
    this.sessions.set(view.id, { session, madeAtMs: nowMs });
    return session;
  }

  /** After a failure: the provider may have moved to another address. */
  forget(view: Pick<ContractView, 'id' | 'provider'>): void {
    this.sessions.delete(view.id);
    this.context.providers.forgetEndpoint(view.provider);
  }

  /** Forgets contracts that nobody watches any more. */
  keepOnly(contracts: ReadonlySet<string>): void {
    for (const id of this.sessions.keys()) if (!contracts.has(id)) this.sessions.delete(id);
  }

  /**
   * Has the holder of a contract prove random chunks now. Resolves where it does.
   * @throws AppError what the session throws, or `audit/proof` for a proof that does not hold
   */
  async audit(view: ContractView, signal?: AbortSignal): Promise<void> {
    const totalChunks = BigInt(view.totalChunks);
    const draws = Array.from(
      { length: CHUNKS_PER_AUDIT },
      () => readU64le(new Uint8Array(randomBytes(8)), 0) % totalChunks,
    );
    const session = await this.with(view);
    const proof = await session.audit(draws, signal);
    const target = { root: hexToBytes(view.root), leafCount: view.leafCount, draws, wanted: draws.length };
    const violation = validateStorageProof(this.context.crypto, target, proof);
    if (violation === undefined) return;
    throw new AppError({
      code: 'audit/proof',
      message: `Provider ${view.providerAddress} answered an audit of contract ${view.id} with a proof that does not hold: ${violationToText(violation)}.`,
      next: 'Its fragments count as lost until it proves them.',
      data: { contract: view.id },
    });
  }
}
