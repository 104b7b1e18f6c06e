import { join } from 'node:path';
import { z } from 'zod';
import type { NetworkParams } from '#chain';
import {
  type ClientContext,
  closeClientContext,
  contractNow,
  createRepairIdentity,
  HolderSessions,
  openClientContext,
  resumeReplacements,
} from '#client';
import { bytesToHex, type KeyPair } from '#crypto';
import { nativeCrypto } from '#crypto-native';
import { AppError } from '#errors';
import { defineJob, type Job, type JobQueue, type Worker } from '#jobs';
import type { LedgerPort } from '#ledger';
import type { Logger } from '#logging';
import type { ContractView, RepairFileView, RepairInfo, RepairStatus } from '#wire';
import { Announcement } from './announcement.js';
import { ByteLimit } from './byte-limit.js';
import { CapabilityStore, type FileIndex } from './capability-store.js';
import { HolderWatch } from './holder-watch.js';
import { type HealTask, LostFragments } from './lost-fragments.js';
import { type FileFacts, isOver, type PlannedRepair, planRepairs, type RepairPlan } from './plan.js';
import { RepairBook } from './repair-book.js';
import { defaultRepairLimits, RepairDesk, type RepairLimits } from './repair-desk.js';
import { type PastAttempts, RepairRound, type RoundOutcome } from './repair-round.js';
import type { RepairHours } from './schedule.js';
import { TipFollower } from './tip-follower.js';

/** What a repairer is made of. */
export interface RepairerOptions {
  readonly params: NetworkParams;
  readonly ledger: LedgerPort;
  readonly queue: JobQueue;
  /** Of the role `repairer`. */
  readonly keys: KeyPair;
  /** Folder for capabilities, negotiations under way and the book. */
  readonly folder: string;
  readonly logger: Logger;
  /** Bytes a second that repairs may read and write together; undefined: no limit. */
  readonly bytesPerSecond?: number | undefined;
  readonly hours: RepairHours;
  readonly limits?: Partial<RepairLimits>;
  /** Worker threads for rebuilding. Default 1. */
  readonly workers?: number;
  /** Silence after which a provider is given up. Default 5,000. */
  readonly requestTimeoutMs?: number;
  readonly nowMs?: () => number;
}

const AUDIT_JOB = defineJob('repair-audit', z.object({}));
const PASS_JOB = defineJob('repair-pass', z.object({}));
/** A killed process' pass is taken up again after this: well within an epoch of a devnet. */
const LEASE_MS = 3_000;
/** Capabilities that were taken back and are looked at again at one height. */
const WITHDRAWN_PER_TIP = 20;
/** Groups of contracts that are repaired at the same time. */
const CONCURRENT_ROUNDS = 2;
/** What clients should let a repairer pay at most, of what they pay themselves; and what they should set aside. */
const SUGGESTED = { priceCapBps: 20_000, reserveBps: 2_500, reserveFloor: 20_000n } as const;

interface Attempt {
  attempts: number;
  retryAt: number;
  why: string | undefined;
  readonly avoid: Set<string>;
}

/** Repairs blind what clients hand over, while they are away. Open it, `start` it once its address is known, close it. */
export class Repairer {
  readonly desk: RepairDesk;
  private readonly context: ClientContext;
  private readonly sessions: HolderSessions;
  private readonly watch: HolderWatch;
  private readonly limit: ByteLimit;
  private readonly announcement: Announcement;
  private readonly follower: TipFollower;
  private readonly workers: Worker[] = [];
  private readonly lost: LostFragments;
  private readonly attempts = new Map<string, Attempt>();
  private readonly running = new Set<string>();
  /** Files of contracts that are being replaced. */
  private readonly busySubjects = new Set<string>();
  private plan: RepairPlan = { repairs: [], live: new Map(), lost: [] };
  private checkedAt: number | undefined;
  private url: string | undefined;
  private isAnnounced = false;
  private balance: string | undefined;
  private isChanged = true;
  private isResumed = false;

  private constructor(
    private readonly options: RepairerOptions,
    private readonly store: CapabilityStore,
    private readonly book: RepairBook,
  ) {
    const { params, ledger, keys, folder, logger, limits } = options;
    this.context = openClientContext(
      {
        ledger,
        params,
        workers: options.workers ?? 1,
        requestTimeoutMs: options.requestTimeoutMs ?? 5_000,
        journalFolder: join(folder, 'negotiations'),
        ...(options.nowMs === undefined ? {} : { nowMs: options.nowMs }),
      },
      createRepairIdentity(nativeCrypto, params, keys),
    );
    this.sessions = new HolderSessions(this.context);
    this.limit = new ByteLimit(options.bytesPerSecond);
    this.lost = new LostFragments(params.contract.epochBlocks);
    this.announcement = new Announcement({ context: this.context, logger });
    const onLostFragment = (view: ContractView, fragment: string): void => this.lost.note(view, fragment);
    this.watch = new HolderWatch({
      ledger,
      crypto: nativeCrypto,
      params,
      sessions: this.sessions,
      onLostFragment,
    });
    this.desk = new RepairDesk({
      params,
      crypto: nativeCrypto,
      ledger,
      publicKey: keys.publicKey,
      store,
      limits: { ...defaultRepairLimits, ...limits },
      onChange: () => {
        this.isChanged = true;
        this.follower.nudge();
      },
    });
    this.follower = new TipFollower({
      ledger,
      logger,
      onTip: (height, isReorg) => this.onTip(height, isReorg),
    });
  }

  /** Reads what was handed over before. */
  static async open(options: RepairerOptions): Promise<Repairer> {
    const digestOf = (bytes: Uint8Array): string => bytesToHex(nativeCrypto.sha256(bytes));
    const { store, unreadable } = await CapabilityStore.open(join(options.folder, 'files'), digestOf);
    for (const name of unreadable) options.logger.warn({ name }, 'a capability on disk cannot be read');
    return new Repairer(options, store, await RepairBook.open(join(options.folder, 'repairs.json')));
  }

  get address(): string {
    return this.context.identity.address;
  }

  get limits(): RepairLimits {
    return { ...defaultRepairLimits, ...this.options.limits };
  }

  /** Begins to watch and repair; `url`: where clients reach it, announced on chain unless told otherwise. */
  async start(url: string, { isAnnounced = true }: { isAnnounced?: boolean } = {}): Promise<void> {
    this.url = url;
    this.isAnnounced = isAnnounced;
    const { queue } = this.options;
    const lease = { leaseMs: LEASE_MS };
    this.workers.push(
      await queue.work(AUDIT_JOB, (job) => this.auditAndHeal(job), lease),
      await queue.work(PASS_JOB, (job) => this.pass(job), lease),
    );
    this.follower.start();
  }

  /** Begins nothing any more; what runs may finish. Idempotent. */
  async stopFollowing(): Promise<void> {
    await this.follower.stop();
  }

  async close(): Promise<void> {
    await this.stopFollowing();
    for (const worker of this.workers) await worker.close({ graceMs: 2_000 });
    await closeClientContext(this.context);
  }

  info(): RepairInfo {
    const { params, keys } = this.options;
    const { capabilityBytes, filesPerClient, bytesPerClient } = this.limits;
    return {
      address: this.address,
      publicKey: bytesToHex(keys.publicKey),
      network: params.name,
      protocolVersion: params.protocolVersion,
      priceCapBps: SUGGESTED.priceCapBps,
      reserveBps: SUGGESTED.reserveBps,
      reserveFloor: SUGGESTED.reserveFloor.toString(),
      limits: { capabilityBytes, filesPerClient, bytesPerClient },
      time: new Date(this.context.nowMs()).toISOString(),
    };
  }

  /** How a file stands; null where nothing is known under the subject. */
  file(subject: string): RepairFileView | null {
    const file = this.store.get(subject);
    if (file === undefined) return null;
    const { number, profile, segmentCount, contracts } = file;
    const isLookedAt = contracts.every((contract) => this.watch.isLookedAt(contract));
    return {
      subject,
      number: number.toString(),
      profile,
      segments: segmentCount,
      liveFragments: isLookedAt ? (this.plan.live.get(subject) ?? null) : null,
      contracts: contracts.length,
      replaced: contracts.filter((listed) => this.watch.view(listed)?.origin?.kind === 'replacement').length,
      checkedAtHeight: this.checkedAt ?? null,
    };
  }

  status(): RepairStatus {
    const risk: Record<string, number> = {};
    for (const file of this.store.all()) {
      const live = this.plan.live.get(file.subject);
      if (live === undefined) continue;
      const spare = String(live - file.profile.k);
      risk[spare] = (risk[spare] ?? 0) + 1;
    }
    const { hours } = this.options;
    return {
      address: this.address,
      url: this.url ?? '',
      height: this.follower.height ?? null,
      waitingFor: this.isAnnounced ? (this.announcement.waitingFor ?? null) : null,
      balance: this.balance ?? null,
      schedule: {
        bytesPerSecond: this.limit.bytesPerSecond ?? null,
        hours: hours.text,
        active: this.isActive(),
      },
      files: this.store.all().length,
      contracts: this.watch.size,
      keptBytes: this.store.keptBytes,
      risk,
      lost: this.plan.lost.length,
      queue: this.plan.repairs.slice(0, 100).map(({ contract, reason, spare, deadline }) => ({
        contract,
        reason,
        spare,
        deadlineHeight: deadline,
        attempts: this.attempts.get(contract)?.attempts ?? 0,
        state: this.running.has(contract) ? 'running' : 'waiting',
        why: this.attempts.get(contract)?.why ?? null,
      })),
      departed: this.watch.departed(),
      rotten: this.lost.size,
      healed: this.book.healed,
      last: [...this.book.last],
    };
  }

  private async onTip(height: number, isReorg: boolean): Promise<void> {
    if (this.isChanged) {
      this.isChanged = false;
      this.watch.keepOnly(this.store.all().flatMap(({ contracts }) => contracts));
    }
    await this.watch.lookUp(height, isReorg);
    await this.forgetOver();
    await this.forgetWithdrawn();
    this.replan(height);
    const { queue } = this.options;
    await queue.enqueue(AUDIT_JOB, {}, { jobId: 'audit', attempts: 1 });
    if (this.due(height).length > 0) await queue.enqueue(PASS_JOB, {}, { jobId: 'pass', attempts: 1 });
    if (this.isAnnounced && this.url !== undefined) await this.announcement.sync(this.url, height);
    this.balance = (await this.context.ledger.account({ account: this.address })).balance;
  }

  private replan(height: number): void {
    const { epochBlocks } = this.options.params.contract;
    const facts = this.watch.facts();
    this.plan = planRepairs(
      { epochBlocks },
      height,
      facts,
      this.store.all().map((file) => this.factsOf(file)),
    );
    this.checkedAt = height;
    const planned = new Set(this.plan.repairs.map(({ contract }) => contract));
    for (const contract of this.attempts.keys())
      if (!planned.has(contract) && !this.running.has(contract)) this.attempts.delete(contract);
  }

  private factsOf({ subject, profile, contracts, placements }: FileIndex): FileFacts {
    return {
      subject,
      profile,
      placements: placements.map((holders) =>
        Array.from(holders, (place) => {
          const listed = place === 0 ? undefined : (contracts[place - 1] as string);
          // Until it was looked at nothing is known of it, and nothing is done about it.
          return listed === undefined ? undefined : (this.watch.view(listed)?.id ?? listed);
        }),
      ),
    };
  }

  /** Files of which every contract is over are let go: their client removed them, or nobody paid on. */
  private async forgetOver(): Promise<void> {
    for (const { subject, contracts } of this.store.all()) {
      if (!contracts.every((listed) => this.watch.isLookedAt(listed))) continue;
      const views = contracts.map((listed) => this.watch.view(listed));
      const settledAt = views.map((view) => view?.settledAt);
      if (!isOver(settledAt, this.follower.height ?? 0)) continue;
      await this.store.remove(subject);
      this.isChanged = true;
    }
  }

  /** Numbers of what was taken back are remembered until nobody pays for its contracts any more; a few at each block. */
  private async forgetWithdrawn(): Promise<void> {
    const { withdrawn } = this.store;
    for (const { subject, contracts } of withdrawn.nextToCheck(WITHDRAWN_PER_TIP)) {
      const settledAt: (number | null | undefined)[] = [];
      for (const contract of contracts) {
        settledAt.push((await contractNow(this.options.ledger, contract))?.settledAt);
        if (settledAt.at(-1) == null) break;
      }
      if (isOver(settledAt, this.follower.height ?? 0)) await withdrawn.forget(subject);
    }
  }

  private isActive(): boolean {
    return this.options.hours.isActive(new Date(this.context.nowMs()));
  }

  /** What may be begun now, most urgent first. */
  private due(height: number): PlannedRepair[] {
    if (!this.isActive()) return [];
    return this.plan.repairs.filter(
      ({ contract }) => !this.running.has(contract) && (this.attempts.get(contract)?.retryAt ?? 0) <= height,
    );
  }

  /** The most urgent contract and those that share its segments: rebuilt together. */
  private nextGroup(): PlannedRepair[] {
    const due = this.due(this.follower.height ?? 0);
    // Two rounds about one file at a time could choose the same provider for two fragments of a segment.
    const first = due.find(({ subjects }) => !subjects.some((subject) => this.busySubjects.has(subject)));
    if (first === undefined) return [];
    const key = groupKey(first);
    return due.filter((planned) => groupKey(planned) === key);
  }

  private async pass(job: Job<object>): Promise<void> {
    await this.resumeOnce(job.signal);
    const next = async (): Promise<void> => {
      for (let group = this.nextGroup(); group.length > 0; group = this.nextGroup()) {
        if (job.signal.aborted) return;
        await this.repairGroup(group, job.signal);
      }
    };
    await Promise.all(Array.from({ length: CONCURRENT_ROUNDS }, next));
  }

  /** What a killed run had agreed on goes on chain before anything is begun anew. */
  private async resumeOnce(signal: AbortSignal): Promise<void> {
    if (this.isResumed) return;
    const resumed = await resumeReplacements(this.context, { signal });
    this.isResumed = true;
    for (const { contract } of resumed) await this.watch.refreshNow(contract, this.follower.height ?? 0);
    this.replan(this.follower.height ?? 0);
  }

  private async repairGroup(group: readonly PlannedRepair[], signal: AbortSignal): Promise<void> {
    const height = this.follower.height ?? 0;
    const subjects = group[0]?.subjects ?? [];
    for (const { contract } of group) this.running.add(contract);
    for (const subject of subjects) this.busySubjects.add(subject);
    try {
      const past = (contract: string): PastAttempts =>
        this.attempts.get(contract) ?? { avoid: new Set(), attempts: 0 };
      const outcomes = await this.round().run(group, past, signal);
      await this.conclude(outcomes);
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      this.options.logger.warn({ err: error }, 'a repair was given up for now');
      for (const { contract } of group) this.noteFailure(contract, height, error.message, undefined);
    } finally {
      for (const { contract } of group) this.running.delete(contract);
      for (const subject of subjects) this.busySubjects.delete(subject);
    }
  }

  private async conclude(outcomes: readonly RoundOutcome[]): Promise<void> {
    const { logger } = this.options;
    const height = this.follower.height ?? 0;
    for (const { planned, record, avoid } of outcomes) {
      if (record.outcome === 'replaced') {
        logger.info({ ...record }, 'a contract was given to another provider');
        await this.watch.refreshNow(planned.contract, height);
      } else {
        logger.warn({ contract: planned.contract, why: record.why }, 'a contract could not be replaced yet');
        this.noteFailure(planned.contract, height, record.why ?? '', avoid);
      }
    }
    // A failure that repeats is told once in the status, not written a hundred times over.
    const told = outcomes.filter(
      ({ record, planned }) =>
        record.outcome === 'replaced' || this.attempts.get(planned.contract)?.attempts === 1,
    );
    await this.written(this.book.note(told.map(({ record }) => record)));
    this.replan(height);
  }

  private noteFailure(contract: string, height: number, why: string, avoid: string | undefined): void {
    const { epochBlocks } = this.options.params.contract;
    const attempt = this.attempts.get(contract) ?? {
      attempts: 0,
      retryAt: 0,
      why: undefined,
      avoid: new Set<string>(),
    };
    attempt.attempts += 1;
    attempt.why = why;
    // Everybody failed us: begin again with all of them.
    if (avoid === undefined) attempt.avoid.clear();
    else attempt.avoid.add(avoid);
    attempt.retryAt = height + Math.min(2 ** (attempt.attempts - 1), Math.max(1, epochBlocks / 4));
    this.attempts.set(contract, attempt);
  }

  private async auditAndHeal(job: Job<object>): Promise<void> {
    const height = this.follower.height ?? 0;
    await this.watch.audit(height, job.signal);
    this.replan(height);
    if (!this.isActive()) return;
    for (const task of this.lost.take(height)) {
      if (job.signal.aborted) return;
      await this.healOne(task, job.signal);
    }
  }

  private async healOne({ contract, fragments }: HealTask, signal: AbortSignal): Promise<void> {
    const files = this.store
      .all()
      .filter(({ contracts }) => contracts.some((listed) => this.watch.view(listed)?.id === contract));
    const view = files
      .flatMap(({ contracts }) => contracts.map((listed) => this.watch.view(listed)))
      .find((found) => found?.id === contract);
    if (view === undefined || view.status !== 'active') return;
    try {
      const subjects = files.map(({ subject }) => subject);
      const { healed, failures } = await this.round().heal(view, fragments, subjects, signal);
      if (healed.length > 0) {
        await this.written(this.book.noteHealed(healed.length));
        this.watch.suspect(contract);
        this.options.logger.info({ contract, healed }, 'fragments that a provider had lost were put again');
      }
      for (const fragment of fragments) {
        const isHopeless = failures.get(fragment)?.code === 'repair/unknown-fragment';
        if (!healed.includes(fragment) && !isHopeless) this.lost.note(view, fragment);
      }
      for (const error of [...failures.values()].slice(0, 1)) this.warnOfLost(contract, error);
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      for (const fragment of fragments) this.lost.note(view, fragment);
      this.warnOfLost(contract, error);
    }
  }

  /** It is tried again, later each time; what it misses meanwhile, the ledger sees. */
  private warnOfLost(contract: string, err: AppError): void {
    this.options.logger.warn({ contract, err }, 'a lost fragment could not be put again');
  }

  /** The book only tells what was: a full disk under it stops no repair. */
  private async written(writing: Promise<void>): Promise<void> {
    await writing.catch((error: unknown) =>
      this.options.logger.warn({ err: error }, 'the book of repairs could not be written'),
    );
  }

  private round(): RepairRound {
    const { context, store, watch, sessions, limit } = this;
    const { params, logger } = this.options;
    const onLostFragment = (view: ContractView, fragment: string): void => this.lost.note(view, fragment);
    return new RepairRound({ context, params, store, watch, sessions, limit, onLostFragment, logger });
  }
}

function groupKey({ subjects }: PlannedRepair): string {
  return [...subjects].sort().join();
}
