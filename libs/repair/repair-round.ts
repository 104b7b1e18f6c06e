import type { ContractId, FragmentId, NetworkParams } from '#chain';
import {
  type ClientContext,
  type HolderSessions,
  type OpenReplacement,
  openReplacement,
  type Replaced,
} from '#client';
import { AppError } from '#errors';
import type { Logger } from '#logging';
import { failureDomain, OccupiedDomains } from '#placement';
import type { ContractView, RepairContent, RepairRecordView } from '#wire';
import type { ByteLimit } from './byte-limit.js';
import type { CapabilityStore } from './capability-store.js';
import { chooseHolder } from './choose-holder.js';
import type { HolderWatch } from './holder-watch.js';
import { neededContents } from './needed-contents.js';
import type { PlannedRepair } from './plan.js';
import { rebuild, replacementToTarget } from './rebuild.js';
import { planRoom } from './room.js';
import { SegmentSource } from './segment-source.js';

export interface RepairRoundOptions {
  readonly context: ClientContext;
  readonly params: NetworkParams;
  readonly store: CapabilityStore;
  readonly watch: HolderWatch;
  readonly sessions: HolderSessions;
  readonly limit: ByteLimit;
  readonly onLostFragment: (view: ContractView, fragment: string) => void;
  readonly logger: Pick<Logger, 'info' | 'warn'>;
}

/** Something to replace, with the room that another provider keeps for it. */
interface Opened {
  readonly planned: PlannedRepair;
  readonly view: ContractView;
  readonly open: OpenReplacement;
  readonly provider: string;
}

/** Fragments that are with their provider again, and why others are not. */
export interface Healed {
  readonly healed: readonly string[];
  /** By fragment; where the provider takes nothing, one alone. */
  readonly failures: ReadonlyMap<string, AppError>;
}

/** One replacement as it went. */
export interface RoundOutcome {
  readonly planned: PlannedRepair;
  readonly record: RepairRecordView;
  /** The provider that failed us, not to be asked again soon. */
  readonly avoid: string | undefined;
}

/**
 * Replaces contracts that share segments, together: what is read to rebuild one of them rebuilds all. `past`: what failed
 * at it before, by contract. What cannot be moved while room is kept is left for a later round.
 */
export class RepairRound {
  private readonly source: SegmentSource;

  constructor(private readonly options: RepairRoundOptions) {
    const { sessions, limit, onLostFragment, watch } = options;
    const onUnreadable = (view: ContractView): void => watch.suspect(view.id);
    this.source = new SegmentSource({ sessions, limit, onLostFragment, onUnreadable });
  }

  async run(
    group: readonly PlannedRepair[],
    past: (contract: string) => PastAttempts,
    signal: AbortSignal,
  ): Promise<RoundOutcome[]> {
    const { context, watch, limit } = this.options;
    const startedAt = (await context.ledger.status()).tip.height;
    const outcomes: RoundOutcome[] = [];
    const finish = async (planned: PlannedRepair, result: RoundResult): Promise<void> => {
      const record = await this.record(planned, startedAt, result);
      outcomes.push({ planned, record, avoid: result.replaced ? undefined : result.provider });
    };
    const opened: Opened[] = [];
    const { begun, roomSeconds, refused } = await this.fit(group, past);
    if (refused !== undefined) await finish(refused.planned, refused);
    const taken = await this.occupied(group);
    for (const planned of begun) {
      signal.throwIfAborted();
      const { avoid } = past(planned.contract);
      const result = await this.openOne({ planned, avoid, roomSeconds }, taken, signal);
      if ('open' in result) opened.push(result);
      else await finish(planned, result);
    }
    if (opened.length === 0) return outcomes;
    const subjects = new Set(opened.flatMap(({ planned }) => planned.subjects));
    const contents = await this.contentsOf(
      subjects,
      opened.flatMap(({ open }) => open.wanted.map(({ id }) => id)),
    );
    const readBefore = this.source.bytesRead;
    const facts = watch.facts();
    const holderOf = (listed: string): ContractView | undefined => {
      const view = watch.view(listed);
      const holder = view === undefined ? undefined : facts.get(view.id);
      return holder?.isActive === true && holder.silentSince === undefined ? view : undefined;
    };
    const targets = opened.map(({ open, view, planned }) =>
      replacementToTarget(open, planned.reason === 'drained' ? view : undefined),
    );
    const { pipeline } = context;
    const rebuilt = await rebuild(targets, {
      pipeline,
      source: this.source,
      limit,
      contents,
      holderOf,
      signal,
    });
    const bytesRead = this.source.bytesRead - readBefore;
    await Promise.all(
      opened.map(async ({ planned, open, provider }) => {
        const failure = rebuilt.failures.get(open.contract);
        const share = { bytesRead: Math.round(bytesRead / opened.length), provider };
        const bytesRebuilt = rebuilt.bytesRebuilt.get(open.contract) ?? 0;
        const replaced = failure ?? (await this.agree(open, signal));
        if (replaced instanceof AppError)
          await finish(planned, { ...share, bytesRebuilt, why: `${replaced.code}: ${replaced.message}` });
        else await finish(planned, { ...share, bytesRebuilt, replaced });
      }),
    );
    return outcomes;
  }

  /**
   * Puts fragments that a living provider lost at that provider again. One that nobody can make, or that no capability
   * names, keeps no other from it; a provider that takes nothing is not offered the rest.
   */
  async heal(
    view: ContractView,
    fragments: ReadonlySet<string>,
    subjects: readonly string[],
    signal: AbortSignal,
  ): Promise<Healed> {
    const { context, sessions, limit, watch } = this.options;
    const contents = await this.contentsOf(subjects, fragments);
    const session = await sessions.with(view);
    const healed: string[] = [];
    const refusal = new AbortController();
    const put = async (id: FragmentId, bytes: Uint8Array): Promise<void> => {
      try {
        await session.putFragment(id, bytes, signal);
        healed.push(id);
      } catch (error) {
        refusal.abort(error);
        throw error;
      }
    };
    const targets = [...fragments].map((id) => ({ name: id, wanted: [{ id: id as FragmentId }], put }));
    const facts = watch.facts();
    const holderOf = (listed: string): ContractView | undefined => {
      const holder = watch.view(listed);
      return holder !== undefined && facts.get(holder.id)?.isActive === true ? holder : undefined;
    };
    const { pipeline } = context;
    const options = { pipeline, source: this.source, limit, contents, holderOf };
    try {
      const both = AbortSignal.any([signal, refusal.signal]);
      const { failures } = await rebuild(targets, { ...options, signal: both });
      return { healed, failures };
    } catch (error) {
      const why: unknown = refusal.signal.reason;
      if (signal.aborted || !(why instanceof AppError)) throw error;
      return { healed, failures: new Map([[view.id, why]]) };
    }
  }

  private contentsOf(subjects: Iterable<string>, wanted: Iterable<string>): Promise<RepairContent[]> {
    const { store, logger } = this.options;
    return neededContents(store, subjects, wanted, (error) =>
      logger.warn({ err: error }, 'a capability cannot be read'),
    );
  }

  /** Who keeps, kept or is about to keep something of the same segments; and who does not answer. */
  private async occupied(group: readonly PlannedRepair[]): Promise<Occupied> {
    const { store, watch, context, params } = this.options;
    const providers = new Set<string>([context.identity.account]);
    for (const subject of new Set(group.flatMap(({ subjects }) => subjects))) {
      for (const listed of store.get(subject)?.contracts ?? []) {
        const view = watch.view(listed);
        // One that is over keeps nothing any more: its provider may hold another fragment.
        if (view !== undefined && view.settledAt === null) providers.add(view.provider);
      }
    }
    const candidates = await context.providers.candidates();
    const own = await context.ledger.endpoint({ principal: context.identity.address });
    const domains = new OccupiedDomains(
      candidates
        .filter(({ offer }) => providers.has(offer.provider))
        .map((one) => failureDomain(params, one)),
    );
    const [any] = candidates;
    // What falls together with the repairer itself may be the repairer's: it keeps no fragments of what it repairs.
    if (own !== null && any !== undefined && params.failureDomain !== 'provider')
      domains.add(failureDomain(params, { ...any, endpoint: own }));
    return { providers, domains, silent: watch.silentProviders(), candidates };
  }

  /** As many of a group, most urgent first, as can be moved while room is kept for all of them. */
  private async fit(
    group: readonly PlannedRepair[],
    past: (contract: string) => PastAttempts,
  ): Promise<Fitting> {
    const { context, store, limit } = this.options;
    const { bytesPerSecond } = limit;
    const begun: PlannedRepair[] = [];
    let roomSeconds = 0;
    let read = 0;
    let written = 0;
    for (const planned of group) {
      const sizeBytes = Number((await context.ledger.contract({ id: planned.contract }))?.totalBytes ?? 0);
      const k = planned.subjects.reduce((max, one) => Math.max(max, store.get(one)?.profile.k ?? 1), 1);
      // Of a holder that leaves one fragment is copied; for the others of a group the same k are read.
      read = Math.max(read, (planned.reason === 'drained' ? 1 : k) * sizeBytes);
      written += sizeBytes;
      const { attempts } = past(planned.contract);
      const plan = planRoom({ movedBytes: read + written, bytesPerSecond, attempts });
      if ('seconds' in plan) roomSeconds = Math.max(roomSeconds, plan.seconds);
      else if (begun.length > 0) break;
      else return { begun, roomSeconds, refused: { planned, why: plan.why, bytesRead: 0, bytesRebuilt: 0 } };
      begun.push(planned);
    }
    return { begun, roomSeconds };
  }

  private async openOne(
    { planned, avoid, roomSeconds }: ToOpen,
    occupied: Occupied,
    signal: AbortSignal,
  ): Promise<Opened | RoundResult> {
    const { context, params } = this.options;
    const view = await context.ledger.contract({ id: planned.contract });
    if (view === null || view.replaceable === null || view.successor !== null)
      return { why: 'there is no cause any more', bytesRead: 0, bytesRebuilt: 0 };
    const { height } = (await context.ledger.status()).tip;
    const { providers, domains, silent } = occupied;
    const exclude = new Set([...providers, ...silent, ...avoid]);
    const choice = chooseHolder(params, view, occupied.candidates, { height, exclude, domains });
    if ('why' in choice) return { why: choice.why, bytesRead: 0, bytesRebuilt: 0 };
    const { candidate } = choice;
    const { provider } = candidate.offer;
    try {
      const open = await openReplacement(context, {
        contract: planned.contract,
        candidate,
        signal,
        roomSeconds,
      });
      providers.add(provider);
      domains.add(failureDomain(params, candidate));
      return { planned, view, open, provider };
    } catch (error) {
      if (!(error instanceof AppError) || signal.aborted) throw error;
      return { why: `${error.code}: ${error.message}`, bytesRead: 0, bytesRebuilt: 0, provider };
    }
  }

  private async agree(open: OpenReplacement, signal: AbortSignal): Promise<Replaced | AppError> {
    try {
      return await open.finish(signal);
    } catch (error) {
      if (!(error instanceof AppError) || signal.aborted) throw error;
      return error;
    }
  }

  private async record(
    planned: PlannedRepair,
    startedAtHeight: number,
    { replaced, why, provider, bytesRead, bytesRebuilt }: RoundResult,
  ): Promise<RepairRecordView> {
    const { tip } = await this.options.context.ledger.status();
    return {
      contract: planned.contract as ContractId,
      reason: planned.reason,
      outcome: replaced === undefined ? 'failed' : 'replaced',
      replacement: replaced?.replacement ?? null,
      provider: provider ?? null,
      startedAtHeight,
      endedAtHeight: tip.height,
      bytesRead,
      bytesRebuilt,
      why: why ?? null,
      time: new Date(this.options.context.nowMs()).toISOString(),
    };
  }
}

/** What went wrong with a contract before. */
export interface PastAttempts {
  /** Accounts that failed at it. */
  readonly avoid: ReadonlySet<string>;
  readonly attempts: number;
}

interface ToOpen {
  readonly planned: PlannedRepair;
  readonly avoid: ReadonlySet<string>;
  readonly roomSeconds: number;
}

interface Fitting {
  readonly begun: readonly PlannedRepair[];
  readonly roomSeconds: number;
  readonly refused?: RoundResult & { readonly planned: PlannedRepair };
}

interface RoundResult {
  readonly replaced?: Replaced;
  readonly why?: string;
  readonly provider?: string;
  readonly bytesRead: number;
  readonly bytesRebuilt: number;
}

interface Occupied {
  readonly providers: Set<string>;
  readonly domains: OccupiedDomains;
  readonly silent: ReadonlySet<string>;
  readonly candidates: Awaited<ReturnType<ClientContext['providers']['candidates']>>;
}
