import { setTimeout as delay } from 'node:timers/promises';
import type { NetworkParams } from '#chain';
import { AppError } from '#errors';
import type { LedgerPort } from '#ledger';
import { readBill } from '#market';
import type { RenewalBook } from './renewal-book.js';
import { findCandidates, type KeptContract } from './renewal-candidates.js';
import { planRenewals, type RenewalPlan, type RenewalPolicy } from './renewal-policy.js';
import { lapseText, type RenewalReport } from './renewal-report.js';

/**
 * Renews one contract for at most `most` base units and waits until that is in a block; answers the contract it goes on
 * as. Throws an AppError where it was refused, and where its outcome is not known.
 */
export type RenewAction = (request: {
  readonly contract: string;
  readonly epochs: number;
  readonly most: bigint;
  readonly signal: AbortSignal;
}) => Promise<{ readonly successor: string }>;

/** Who hears of warnings: a process's log, or stderr. */
export interface RenewalLog {
  info(data: object, message: string): void;
  warn(data: object, message: string): void;
}

export interface RenewalRunnerOptions {
  readonly ledger: LedgerPort;
  readonly params: NetworkParams;
  readonly book: RenewalBook;
  readonly policy: RenewalPolicy;
  /** The user's contracts, as the catalogue names them. */
  readonly kept: (signal: AbortSignal) => Promise<readonly KeptContract[]>;
  readonly renew: RenewAction;
  readonly log: RenewalLog;
  readonly nowMs?: () => number;
}

/**
 * After these it is not known whether the renewal got in, and its money stays reserved until the chain tells: everything
 * that went wrong between wallet, node and ledger, but for a plain refusal.
 */
const OUTCOME_UNKNOWN = /^(wallet\/(not-confirmed|dropped)$|(node|ledger)\/(?!refused$))/;
const AWAY_MS = 2_000;

/** Renews what is due and warns of what will lapse, pass by pass. */
export class RenewalRunner {
  private last: RenewalReport | undefined;
  private running: Promise<RenewalReport> | undefined;

  constructor(private readonly options: RenewalRunnerOptions) {}

  /** What the last pass found; undefined before the first. */
  get report(): RenewalReport | undefined {
    return this.last;
  }

  /** One pass; callers at the same time share it. */
  pass(signal: AbortSignal): Promise<RenewalReport> {
    this.running ??= this.run(signal).finally(() => {
      this.running = undefined;
    });
    return this.running;
  }

  /** Passes for as long as blocks come, until the signal aborts. The world's faults are logged, and tried again. */
  async follow(signal: AbortSignal): Promise<void> {
    const { ledger, log } = this.options;
    while (!signal.aborted) {
      try {
        await this.pass(signal);
        for await (const event of ledger.follow({}, signal)) {
          if (event.type !== 'transaction' && this.isNext(event.height)) await this.pass(signal);
        }
      } catch (error) {
        if (signal.aborted) return;
        if (!(error instanceof AppError)) throw error;
        log.warn({ err: error }, 'contracts cannot be looked after now; the next block tries again');
      }
      await delay(AWAY_MS, undefined, { signal }).catch(() => undefined);
    }
  }

  /** Looking once in a proof's window is often enough. */
  private isNext(height: number): boolean {
    const { retryBlocks } = this.options.policy;
    return this.last === undefined || height < this.last.height || height >= this.last.height + retryBlocks;
  }

  private async run(signal: AbortSignal): Promise<RenewalReport> {
    const { ledger, book, policy, log } = this.options;
    await this.settleAttempts();
    const { height, plan } = await this.plan(signal);
    for (const { contract, lead } of plan.warn) {
      const planned = plan.contracts.find((each) => each.contract === contract);
      if (planned !== undefined) log.warn({ contract, keeps: planned.keeps, lead }, lapseText(planned));
      book.change(contract, { warned: [...book.note(contract).warned, lead] });
    }
    await this.save(height, plan);
    for (const { contract, most } of plan.renew) {
      signal.throwIfAborted();
      await this.attempt(contract, most, height, signal);
    }
    const { tip } = await ledger.status();
    // What was just renewed no longer lapses: the report says how it is now.
    const after = plan.renew.length === 0 ? { height, plan } : await this.plan(signal);
    if (plan.renew.length > 0) await this.save(after.height, after.plan);
    const atMs = (this.options.nowMs ?? Date.now)();
    this.last = {
      height: Math.max(after.height, tip.height),
      policy,
      plan: after.plan,
      renewed: this.renewed(),
      atMs,
    };
    return this.last;
  }

  private async plan(signal: AbortSignal): Promise<{ readonly height: number; readonly plan: RenewalPlan }> {
    const { ledger, params, book, policy, kept } = this.options;
    const { tip } = await ledger.status();
    const candidates = await findCandidates(ledger, params, await kept(signal), policy.epochs);
    return { height: tip.height, plan: planRenewals(policy, tip.height, candidates, book.state.notes) };
  }

  /** What a crash or a silent node left open, the chain knows by now. */
  private async settleAttempts(): Promise<void> {
    const { ledger, book } = this.options;
    for (const [contract, note] of book.state.notes) {
      if (note.state !== 'trying') continue;
      const view = await ledger.contract({ id: contract });
      if (view?.status === 'renewed' && view.successor !== null)
        await this.noteRenewed(contract, view.successor);
      else if (view !== null && view.status !== 'active')
        book.change(contract, { state: 'refused', amount: 0n, why: `the contract is ${view.status}` });
    }
  }

  private async attempt(contract: string, most: bigint, height: number, signal: AbortSignal): Promise<void> {
    const { book, policy, renew, log } = this.options;
    const before = book.note(contract);
    const attempts = before.attempts + 1;
    // An earlier attempt whose outcome is not known may get in instead of this one.
    const isOpen = before.state === 'trying';
    const amount = isOpen && before.amount > most ? before.amount : most;
    // On disk before a coin moves: a crash in between leaves the money reserved, never forgotten.
    book.change(contract, { state: 'trying', amount, attempts, retryAt: height + policy.retryBlocks });
    await book.save();
    try {
      const { successor } = await renew({ contract, epochs: policy.epochs, most, signal });
      await this.noteRenewed(contract, successor);
      log.info({ contract, successor }, `contract ${contract} was renewed for ${policy.epochs} epochs`);
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      const isUnknown = isOpen || OUTCOME_UNKNOWN.test(error.code) || signal.aborted;
      book.change(
        contract,
        isUnknown ? { why: error.message } : { state: 'refused', amount: 0n, why: error.message },
      );
      await book.save();
      if (signal.aborted) throw error;
      log.warn(
        { err: error, contract, attempts },
        `contract ${contract} could not be renewed: ${error.message}`,
      );
    }
  }

  /** Counts what it really took, out of the new contract's postings. */
  private async noteRenewed(contract: string, successor: string): Promise<void> {
    const { ledger, book } = this.options;
    const bill = await readBill(ledger, successor);
    const amount = bill?.total ?? book.note(contract).amount;
    book.change(contract, { state: 'renewed', amount, successor, why: undefined });
    await book.save();
  }

  private async save(height: number, { contracts }: RenewalPlan): Promise<void> {
    const { book, policy, nowMs = Date.now } = this.options;
    book.passed(policy, height, nowMs(), contracts);
    await book.save();
  }

  private renewed(): RenewalReport['renewed'] {
    return [...this.options.book.state.notes].flatMap(([contract, { state, successor, amount }]) =>
      state === 'renewed' && successor !== undefined ? [{ contract, successor, amount }] : [],
    );
  }
}
