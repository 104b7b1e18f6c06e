import type { ContractId } from '#chain';
import type { ContractView } from '#wire';
import type { ClientContext } from '../context.js';
import { sessionWith } from '../contracts/own-contract.js';
import type { ProviderSession } from '../providers/provider-session.js';

/** Tickets are signed for six hours; sessions are made anew before they lapse. */
const SESSION_LIFE_MS = 3_600_000;
const EXTRA_BUDGET_BYTES = 64n << 20n;

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
}
