import type { NetworkParams } from '#chain';
import { bytesToHex } from '#crypto';
import { AppError, type Violation } from '#errors';
import type { LedgerPort } from '#ledger';
import type { Logger } from '#logging';
import { createPacer, type Pacer, systemClock } from '#mining';
import { createBackOff } from '#node-api';
import type { StatusView } from '#wire';
import { createMiningWork, type MiningWork } from './mining-work.js';

export interface WorkSourceOptions {
  readonly ledger: LedgerPort;
  readonly params: NetworkParams;
  readonly logger?: Pick<Logger, 'info' | 'warn' | 'debug'>;
  /** How often a new template is asked for while the tip stays, for the fees. Default 5,000. */
  readonly refreshMs?: number;
  /** How long a solution is handed in again to a node that is away. Default 60,000. */
  readonly patienceMs?: number;
}

/** What is new about a work: another tip makes all older work worthless, other transactions do not. */
export type WorkChange = 'tip' | 'body';

/** A solved header with the coinbase it commits to. */
export interface MinedSolution {
  readonly work: MiningWork;
  /** 80 bytes. */
  readonly header: Uint8Array;
  readonly coinbase: Uint8Array;
}

/**
 * What became of a solution. `superseded`: on a network paced by its miners another solution for the same parent was
 * waiting for its turn already.
 */
export type SubmitOutcome =
  | { readonly kind: 'accepted'; readonly id: string; readonly height: number }
  | { readonly kind: 'refused'; readonly violation: Violation }
  | { readonly kind: 'superseded' }
  | { readonly kind: 'lost'; readonly error: AppError };

/** The newest template of a ledger for servers of miners. */
export interface WorkSource {
  /** Idempotent. Errors of the world are waited out. */
  start(): void;
  /** Resolves when nothing of it runs any more. Idempotent. */
  stop(): Promise<void>;
  /** The newest work, or undefined until the node has answered once. */
  current(): MiningWork | undefined;
  /** A work that may still be solved: of the current tip, by its template's id. */
  find(templateId: string): MiningWork | undefined;
  /** Every work that may still be solved, newest first. */
  all(): readonly MiningWork[];
  /** False while the node does not answer. */
  isFresh(): boolean;
  /** Is told of each new work; returns how to stop that. */
  onChange(listener: (work: MiningWork, change: WorkChange) => void): () => void;
  /** Hands a solution in; on a network paced by its miners not before its turn. Never rejects for the world's faults. */
  submit(solution: MinedSolution): Promise<SubmitOutcome>;
}

/** Most bodies of one tip that may still be solved. */
const MAX_KEPT = 64;

/**
 * Share of the interval after which a paced solution is handed in. A built-in miner hears of the last block a little
 * earlier than we do and publishes when the whole interval is over: without a start it would win every time.
 */
const TURN_SHARE = 0.95;

/** Nobody in particular: each miner's own account is put in by `workToCoinbase`. */
const NOBODY = '00'.repeat(20);

/** A work source on a ledger it knows by its port. */
export function createWorkSource(options: WorkSourceOptions): WorkSource {
  return new FollowedTemplates(options);
}

class FollowedTemplates implements WorkSource {
  private readonly stopping = new AbortController();
  private readonly listeners = new Set<(work: MiningWork, change: WorkChange) => void>();
  private readonly pacer: Pacer | undefined;
  /** Newest first; all of one tip. */
  private kept: MiningWork[] = [];
  private running: Promise<unknown> | undefined;
  private readonly submitting = new Set<Promise<unknown>>();
  private wake: () => void = () => undefined;
  private isDue = false;
  private fresh = false;
  /** The parent a paced solution is waiting for its turn on. */
  private turnOf: string | undefined;

  constructor(private readonly options: WorkSourceOptions) {
    const pow = options.params.proofOfWork;
    this.pacer =
      pow.adjustment === 'constant'
        ? createPacer({ intervalMs: pow.blockSeconds * 1_000 * TURN_SHARE, leadMs: 0, clock: systemClock })
        : undefined;
  }

  start(): void {
    if (this.running !== undefined || this.stopping.signal.aborted) return;
    this.running = Promise.all([this.refresh(), this.watch()]);
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    this.wake();
    await this.running;
    await Promise.all(this.submitting);
    this.listeners.clear();
  }

  current(): MiningWork | undefined {
    return this.kept[0];
  }

  find(templateId: string): MiningWork | undefined {
    return this.kept.find(({ template }) => template.id === templateId);
  }

  all(): readonly MiningWork[] {
    return this.kept;
  }

  isFresh(): boolean {
    return this.fresh;
  }

  onChange(listener: (work: MiningWork, change: WorkChange) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  submit(solution: MinedSolution): Promise<SubmitOutcome> {
    const run = this.submitInTurn(solution);
    const done = run.catch(() => undefined);
    this.submitting.add(done);
    done.finally(() => this.submitting.delete(done));
    return run;
  }

  private async submitInTurn(solution: MinedSolution): Promise<SubmitOutcome> {
    const { previousId } = solution.work;
    if (this.pacer === undefined) return this.handIn(solution);
    if (this.turnOf === previousId) return { kind: 'superseded' };
    this.turnOf = previousId;
    try {
      await this.pacer.untilBlock(this.stopping.signal);
      return await this.handIn(solution);
    } finally {
      if (this.turnOf === previousId) this.turnOf = undefined;
    }
  }

  /** Tries until the node has said something: a solution is worth a block. */
  private async handIn({ work, header, coinbase }: MinedSolution): Promise<SubmitOutcome> {
    const { ledger, patienceMs = 60_000, logger } = this.options;
    const request = {
      templateId: work.template.id,
      headerHex: bytesToHex(header),
      coinbaseHex: bytesToHex(coinbase),
    };
    const deadlineMs = performance.now() + patienceMs;
    const backOff = createBackOff(100, 2_000);
    for (;;) {
      try {
        const { id, height } = await this.orStop(ledger.submitSolution(request));
        this.poke();
        return { kind: 'accepted', id, height };
      } catch (error) {
        if (!(error instanceof AppError)) throw error;
        if (error.code === 'ledger/refused') {
          this.poke();
          return { kind: 'refused', violation: error.data['violation'] as Violation };
        }
        if (performance.now() > deadlineMs || this.stopping.signal.aborted) return { kind: 'lost', error };
        logger?.warn({ err: error }, 'a solved block could not be handed in; trying again');
        await backOff.pause(this.stopping.signal);
      }
    }
  }

  private async refresh(): Promise<void> {
    const { signal } = this.stopping;
    const backOff = createBackOff(200, 2_000);
    // Told once, not at every attempt.
    let trouble: string | undefined;
    while (!signal.aborted) {
      this.isDue = false;
      try {
        if (!this.fresh) await this.checkNetwork();
        this.take(createMiningWork(await this.orStop(this.options.ledger.template({ miner: NOBODY }))));
        backOff.succeeded();
        trouble = undefined;
        await this.untilDue(signal);
      } catch (error) {
        if (signal.aborted) return;
        if (!(error instanceof AppError)) throw error;
        if (this.fresh || error.code !== trouble)
          this.options.logger?.warn({ err: error }, 'the node gives no template now; trying again');
        trouble = error.code;
        this.fresh = false;
        await backOff.pause(signal);
      }
    }
  }

  /** An account is the same number on every network: miners would work for coins they did not mean. */
  private async checkNetwork(): Promise<void> {
    const { ledger, params } = this.options;
    requireNetwork(params, await this.orStop(ledger.status()));
  }

  /** An answer, unless the source is stopped first: a node that hangs must not hold the process. */
  private async orStop<T>(answer: Promise<T>): Promise<T> {
    const { signal } = this.stopping;
    let stop: () => void = () => undefined;
    const stopped = new Promise<never>((_, reject) => {
      stop = () => reject(stoppedError());
      if (signal.aborted) stop();
      else signal.addEventListener('abort', stop, { once: true });
    });
    try {
      return await Promise.race([answer, stopped]);
    } finally {
      signal.removeEventListener('abort', stop);
      answer.catch(() => undefined);
    }
  }

  /** Waits for an event, or until the template is old. */
  private untilDue(signal: AbortSignal): Promise<void> {
    if (this.isDue || signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, this.options.refreshMs ?? 5_000);
      this.wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  private poke(): void {
    this.isDue = true;
    this.wake();
  }

  private take(work: MiningWork): void {
    this.fresh = true;
    const newest = this.kept[0];
    if (newest?.template.id === work.template.id) return;
    const change: WorkChange = newest?.previousId === work.previousId ? 'body' : 'tip';
    this.kept = change === 'tip' ? [work] : [work, ...this.kept.slice(0, MAX_KEPT - 1)];
    if (change === 'tip' && newest !== undefined) this.pacer?.blockMade();
    for (const listener of this.listeners) listener(work, change);
  }

  private async watch(): Promise<void> {
    const { signal } = this.stopping;
    const backOff = createBackOff(200, 5_000);
    while (!signal.aborted) {
      try {
        for await (const event of this.options.ledger.follow({}, signal)) {
          backOff.succeeded();
          if (event.type === 'block' || event.type === 'reorg') this.poke();
        }
      } catch (error) {
        if (signal.aborted) return;
        if (!(error instanceof AppError)) throw error;
        this.options.logger?.debug({ err: error }, 'the event stream broke off');
      }
      // Without events the template is still asked for in intervals, so this may take its time.
      await backOff.pause(signal);
    }
  }
}

/** Whether a node is of the network it is meant to be of. @throws AppError `mining/other-network` */
export function requireNetwork(params: NetworkParams, { network }: Pick<StatusView, 'network'>): void {
  if (network === params.name) return;
  throw new AppError({
    code: 'mining/other-network',
    message: `the node is of ${network}, the mining server of ${params.name}`,
    next: 'name a node of this network with CAIRN_NODE_URL, or the network with CAIRN_NETWORK',
    data: { network, expected: params.name },
  });
}

function stoppedError(): AppError {
  return new AppError({
    code: 'mining-work/stopped',
    message: 'the process stops before the node has answered',
    next: 'start it again; a block that was handed in is on the chain or is lost',
  });
}
