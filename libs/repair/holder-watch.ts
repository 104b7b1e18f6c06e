import type { ContractId, NetworkParams } from '#chain';
import { contractNow, type HolderSessions } from '#client';
import type { Leaf } from '#contracts';
import type { CryptoPort } from '#crypto';
import { AppError } from '#errors';
import type { LedgerPort } from '#ledger';
import type { ContractView } from '#wire';
import { HolderAudit } from './holder-audit.js';
import type { HolderFacts } from './plan.js';

/** Contracts looked up at one height: those at which something is due first, then those not seen for longest. */
const LOOKUPS_PER_TIP = 500;
const AUDITS_PER_TIP = 64;
const CONCURRENT = 8;
/** Audits in a row that fail before a holder counts as silent: one may fall into a restart. */
const SILENT_AFTER = 2;

/** A contract as a capability names it, and what goes on with its fragments now. */
interface Watched {
  readonly listed: string;
  view: ContractView | undefined;
  lookedAt: number;
  /** Height of the last audit, and how many have failed since the last that held. */
  auditedAt: number;
  failures: number;
  /** Height of the first of them. */
  failingSince: number | undefined;
  why: string | undefined;
  causeSince: number | undefined;
}

export interface HolderWatchOptions {
  readonly ledger: Pick<LedgerPort, 'contract' | 'contractFragments'>;
  readonly crypto: CryptoPort;
  readonly params: NetworkParams;
  readonly sessions: HolderSessions;
  /** A fragment that a living provider says it lost. */
  readonly onLostFragment: (view: ContractView, fragment: string) => void;
}

/** Keeps an eye on every contract of every capability: where it stands on the chain, and whether its holder proves. */
export class HolderWatch {
  private readonly watched = new Map<string, Watched>();
  private readonly audits: HolderAudit;

  constructor(private readonly options: HolderWatchOptions) {
    this.audits = new HolderAudit(options);
  }

  get size(): number {
    return this.watched.size;
  }

  /** Watches exactly these from now on. */
  keepOnly(contracts: Iterable<string>): void {
    const wanted = new Set(contracts);
    for (const id of this.watched.keys()) if (!wanted.has(id)) this.watched.delete(id);
    for (const listed of wanted)
      if (!this.watched.has(listed)) this.watched.set(listed, newlyWatched(listed));
    const current = new Set([...this.watched.values()].map(({ view }) => view?.id ?? ''));
    this.options.sessions.keepOnly(current);
    this.audits.keepOnly(current);
  }

  /** What goes on with the fragments of a listed contract; undefined until it was looked at, or where there is none. */
  view(listed: string): ContractView | undefined {
    return this.watched.get(listed)?.view;
  }

  isLookedAt(listed: string): boolean {
    return (this.watched.get(listed)?.lookedAt ?? -1) >= 0;
  }

  /** Looks at the chain; every contract in the end, those that something happens to at once. */
  async lookUp(height: number, isReorg: boolean): Promise<void> {
    const all = [...this.watched.values()];
    const isDue = ({ view, lookedAt }: Watched): boolean =>
      lookedAt < 0 || isReorg || (view?.dueAt !== null && (view?.dueAt ?? 0) <= height);
    all.sort((a, b) => Number(isDue(b)) - Number(isDue(a)) || a.lookedAt - b.lookedAt);
    await inParallel(all.slice(0, LOOKUPS_PER_TIP), (watched) => this.refresh(watched, height));
  }

  /** Looks at one contract again, such as after it was replaced. */
  async refreshNow(current: string, height: number): Promise<void> {
    for (const watched of this.watched.values())
      if (watched.view?.id === current) await this.refresh(watched, height);
  }

  /** Has holders prove what they keep: the suspects often, all others twice an epoch. */
  async audit(height: number, signal: AbortSignal): Promise<void> {
    const { epochBlocks } = this.options.params.contract;
    const every = Math.max(1, Math.floor(epochBlocks / 2));
    const suspectEvery = Math.max(1, Math.min(10, Math.floor(epochBlocks / 10)));
    const due = [...this.watched.values()].filter(({ view, auditedAt, failures, causeSince }) => {
      if (view === undefined || view.status !== 'active') return false;
      const isSuspect = failures > 0 || causeSince !== undefined;
      return auditedAt < 0 || height - auditedAt >= (isSuspect ? suspectEvery : every);
    });
    due.sort((a, b) => b.failures - a.failures || a.auditedAt - b.auditedAt);
    await inParallel(due.slice(0, AUDITS_PER_TIP), (watched) => this.auditOne(watched, height, signal));
  }

  /** Notes that a holder could not be read just now: it is audited again at once. */
  suspect(current: string): void {
    for (const watched of this.watched.values()) if (watched.view?.id === current) watched.auditedAt = -1;
  }

  /** By the contract that goes on now. */
  facts(): Map<string, HolderFacts> {
    const facts = new Map<string, HolderFacts>();
    for (const { view, failures, failingSince, causeSince } of this.watched.values()) {
      if (view === undefined) continue;
      facts.set(view.id, {
        contract: view.id,
        provider: view.provider,
        isActive: view.status === 'active',
        replaceable: view.replaceable,
        hasOpenWindow: view.window !== null && !view.window.proven,
        silentSince: failures >= SILENT_AFTER ? failingSince : undefined,
        causeSince,
        lastHeight: view.status === 'failed' ? view.refundHeight - 1 : view.endHeight,
      });
    }
    return facts;
  }

  /** Providers of whom every watched contract is silent. */
  departed(): { readonly provider: string; readonly sinceHeight: number; readonly why: string }[] {
    const byProvider = new Map<string, { since: number; why: string } | undefined>();
    for (const { view, failures, failingSince, why } of this.watched.values()) {
      if (view === undefined || view.status !== 'active') continue;
      const isSilent = failures >= SILENT_AFTER && failingSince !== undefined;
      const known = byProvider.get(view.providerAddress);
      if (!isSilent) byProvider.set(view.providerAddress, undefined);
      else if (!byProvider.has(view.providerAddress) || known !== undefined)
        byProvider.set(view.providerAddress, {
          since: Math.min(known?.since ?? failingSince, failingSince),
          why: why ?? '',
        });
    }
    return [...byProvider].flatMap(([provider, gone]) =>
      gone === undefined ? [] : [{ provider, sinceHeight: gone.since, why: gone.why }],
    );
  }

  /**
   * Accounts of providers with a watched contract that does not answer or failed: nothing new is given to them. A failed
   * one that is over says no more than the market's record does, and would keep its provider away for good.
   */
  silentProviders(): Set<string> {
    const silent = new Set<string>();
    for (const { view, failures } of this.watched.values()) {
      const isFailed = view?.status === 'failed' && view.settledAt === null;
      if (view !== undefined && (isFailed || (view.status === 'active' && failures > 0)))
        silent.add(view.provider);
    }
    return silent;
  }

  private async refresh(watched: Watched, height: number): Promise<void> {
    const before = watched.view;
    const view = (await contractNow(this.options.ledger, before?.id ?? watched.listed)) ?? undefined;
    watched.lookedAt = height;
    if (view?.id !== before?.id)
      Object.assign(watched, { auditedAt: -1, failures: 0, failingSince: undefined });
    if (view?.replaceable == null) watched.causeSince = undefined;
    else watched.causeSince ??= height;
    watched.view = view;
  }

  private async auditOne(watched: Watched, height: number, signal: AbortSignal): Promise<void> {
    const asked = await this.whatToAsk(watched, height);
    if (asked === undefined) return;
    const { view, leaves } = asked;
    try {
      const lost = await this.audits.visit(view, leaves, signal);
      // One that it lost is put again; where the next audits meet more of them, the whole of it counts as gone.
      for (const fragment of lost) this.options.onLostFragment(view, fragment);
      if (lost.length === 0) Object.assign(watched, { failures: 0, failingSince: undefined, why: undefined });
      else noteFailure(watched, height, `it lost ${lost.length} of the fragments that it was asked for`);
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      if (signal.aborted) return;
      this.options.sessions.forget(view);
      noteFailure(watched, height, error.message);
    }
    watched.auditedAt = height;
  }

  /** A contract as it is now: one that was revised since has another root. What our node does not tell is no fault of a holder. */
  private async whatToAsk(watched: Watched, height: number): Promise<HolderTask | undefined> {
    try {
      if (watched.lookedAt < height) await this.refresh(watched, height);
      const { view } = watched;
      if (view === undefined || view.status !== 'active') return undefined;
      return { view, leaves: await this.audits.leavesOf(view) };
    } catch (error) {
      if (error instanceof AppError) return undefined;
      throw error;
    }
  }
}

interface HolderTask {
  readonly view: ContractView;
  readonly leaves: readonly Leaf[];
}

function noteFailure(watched: Watched, height: number, why: string): void {
  watched.failures += 1;
  watched.failingSince ??= height;
  watched.why = why;
}

function newlyWatched(listed: string): Watched {
  return {
    listed: listed as ContractId,
    view: undefined,
    lookedAt: -1,
    auditedAt: -1,
    failures: 0,
    failingSince: undefined,
    why: undefined,
    causeSince: undefined,
  };
}

async function inParallel<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const waiting = [...items].reverse();
  const next = async (): Promise<void> => {
    for (let item = waiting.pop(); item !== undefined; item = waiting.pop()) await work(item);
  };
  await Promise.all(Array.from({ length: CONCURRENT }, next));
}
