import { randomBytes } from 'node:crypto';
import type { NetworkParams } from '#chain';
import { AppError, type Violation, violationToText } from '#errors';
import type { LedgerPort } from '#ledger';
import type { Logger } from '#logging';
import { createBackOff } from '#node-api';
import type { TemplateView } from '#wire';
import { createHashRateMeter } from './hash-rate.js';
import { HASHES_PER_SHARE } from './nonce-search.js';
import { createPacer, type MinerClock, systemClock, unpaced } from './pacer.js';
import { createWork, EXTRANONCE_PREFIX_BYTES, type Work } from './work.js';
import { createWorkerSearch, type FoundNonce, type NonceSearch } from './worker-search.js';

export interface MinerOptions {
  readonly ledger: LedgerPort;
  readonly params: NetworkParams;
  /** Who is paid. */
  readonly address: string;
  readonly threads: number;
  /** Share of one core that all threads together may use. */
  readonly share: number;
  readonly logger?: Pick<Logger, 'info' | 'warn' | 'debug'>;
  /** How often the node is asked whether another template pays more. Default 5,000. */
  readonly refreshMs?: number;
  /** A template older than this is replaced whatever it pays, for its time. Default 30,000. */
  readonly maxAgeMs?: number;
  readonly clock?: MinerClock;
  readonly search?: NonceSearch;
}

/** How mining goes. */
export interface MinerStatistics {
  readonly address: string;
  /** `away`: the node does not answer, or refuses; the miner tries again by itself. */
  readonly state: 'stopped' | 'waiting' | 'mining' | 'away';
  /** Hashes a second over the last minute, pauses included. */
  readonly hashRate: number;
  readonly hashes: string;
  /** Hashes below a fixed easy target: whether the search finds what it should, before the first block does. */
  readonly shares: number;
  /** Hashes one share takes on average: `hashes` over this is how many there should be. */
  readonly hashesPerShare: number;
  /** Height of the block worked on, null before the first template. */
  readonly height: number | null;
  /** Hashes a block takes on average at the present target, as a decimal string. */
  readonly hashesPerBlock: string | null;
  /** Seconds to a block of ours at the present rate, on average; null while there is no rate. A pace may add to it. */
  readonly secondsPerBlock: number | null;
  /** Blocks the node took. */
  readonly blocks: number;
  /** Solutions that came after another block. */
  readonly stale: number;
  /** Solutions refused for another reason: node and miner disagree about a rule. */
  readonly refused: number;
  readonly lastBlock: { readonly id: string; readonly height: number } | null;
}

/** Makes blocks on a ledger it knows only by its port. */
export interface Miner {
  /** Idempotent. Errors of the world are waited out; a fault of ours is an unhandled rejection. */
  start(): void;
  /** Resolves when nothing of it runs any more. Idempotent. */
  stop(): Promise<void>;
  statistics(): MinerStatistics;
}

/** Rules by which a solution comes too late, which is no fault. */
const STALE_RULES = [
  'mining/stale-template',
  'mining/unknown-template',
  'header/previous',
  'block/unknown-parent',
];

/** Share of the interval by which a paced miner starts to search before the block is due. */
const SEARCH_LEAD = 0.3;

/** A miner: one block per `blockSeconds` on a devnet, as fast as the share allows elsewhere. */
export function createMiner(options: MinerOptions): Miner {
  return new TemplateMiner(options);
}

class TemplateMiner implements Miner {
  private readonly stopping = new AbortController();
  private readonly clock: MinerClock;
  private readonly search: NonceSearch;
  private readonly pacer;
  private readonly prefix = Uint8Array.from(randomBytes(EXTRANONCE_PREFIX_BYTES));
  private readonly meter = createHashRateMeter();
  private readonly backOff = createBackOff(200, 2_000);
  private running: Promise<unknown> | undefined;
  private round = new AbortController();
  private state: MinerStatistics['state'] = 'stopped';
  private counts = { blocks: 0, stale: 0, refused: 0 };
  private template: TemplateView | undefined;
  /** Asked for already while the one before was worked on. */
  private nextTemplate: TemplateView | undefined;
  private lastBlock: MinerStatistics['lastBlock'] = null;
  /** The block that was submitted last: it comes back as an event. */
  private ownId: string | undefined;

  constructor(private readonly options: MinerOptions) {
    const { threads, share, params } = options;
    this.clock = options.clock ?? systemClock;
    this.search = options.search ?? createWorkerSearch({ threads, share });
    const pow = params.proofOfWork;
    const intervalMs = pow.blockSeconds * 1_000;
    this.pacer =
      pow.adjustment === 'constant'
        ? createPacer({ intervalMs, leadMs: intervalMs * SEARCH_LEAD, clock: this.clock })
        : unpaced;
  }

  start(): void {
    if (this.running !== undefined || this.stopping.signal.aborted) return;
    this.running = Promise.all([this.mine(), this.watchTip()]);
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    this.round.abort();
    await this.running;
    await this.search.close();
    this.state = 'stopped';
  }

  statistics(): MinerStatistics {
    const hashes = this.search.hashCount();
    const hashRate = this.meter.sample(hashes, this.clock.nowMs());
    const perBlock = this.template === undefined ? null : hashesPerBlock(this.template);
    return {
      address: this.options.address,
      state: this.state,
      hashRate,
      hashes: hashes.toString(),
      shares: Number(this.search.shareCount()),
      hashesPerShare: HASHES_PER_SHARE,
      height: this.template?.height ?? null,
      hashesPerBlock: perBlock?.toString() ?? null,
      secondsPerBlock: perBlock === null || hashRate === 0 ? null : Number(perBlock) / hashRate,
      ...this.counts,
      lastBlock: this.lastBlock,
    };
  }

  private async mine(): Promise<void> {
    const { signal } = this.stopping;
    while (!signal.aborted) {
      try {
        if (this.state !== 'away') this.state = 'waiting';
        await this.pacer.untilSearch(signal);
        if (!signal.aborted) await this.mineOnce();
      } catch (error) {
        if (signal.aborted) return;
        if (!(error instanceof AppError)) throw error;
        this.waitForNode(error);
        await this.backOff.pause(signal);
      }
    }
  }

  /** One template until it is solved, too old, of an older tip, or worse paid than another. */
  private async mineOnce(): Promise<void> {
    this.round = new AbortController();
    const { signal } = this.round;
    if (this.stopping.signal.aborted) return;
    const template = this.nextTemplate ?? (await this.askTemplate());
    this.nextTemplate = undefined;
    this.template = template;
    const work = createWork(template, this.clock.unixSeconds(), this.prefix);
    this.nodeAnswered();
    this.state = 'mining';
    const searching = new AbortController();
    const watching = this.watchFees(template, searching.signal);
    const found = await this.search.search(work.headerOf, work.target, signal);
    searching.abort();
    await watching;
    this.meter.sample(this.search.hashCount(), this.clock.nowMs());
    if (found === undefined) return;
    this.state = 'waiting';
    await this.pacer.untilBlock(signal);
    // An aborted round has lost its tip, or a template that is only old: neither is worth a special case.
    if (!signal.aborted) await this.submit(work, found);
    this.round.abort();
  }

  /** Ends the round for a template that is better paid by a hundredth, of another tip, or when this one is too old. */
  private async watchFees(template: TemplateView, signal: AbortSignal): Promise<void> {
    const { refreshMs = 5_000, maxAgeMs = 30_000 } = this.options;
    const oldAtMs = this.clock.nowMs() + maxAgeMs;
    const round = this.round;
    for (;;) {
      await this.clock.sleep(refreshMs, signal);
      if (signal.aborted) return;
      try {
        const fresh = await Promise.race([this.askTemplate(), aborted(signal)]);
        if (fresh === undefined) return;
        const isOld = this.clock.nowMs() >= oldAtMs;
        if (!isOld && fresh.height === template.height && !paysMore(fresh, template)) continue;
        this.nextTemplate = fresh;
      } catch (error) {
        if (!(error instanceof AppError) && !signal.aborted && !this.stopping.signal.aborted) throw error;
      }
      // Where the node did not answer, the next round asks it again and waits for it.
      round.abort();
      return;
    }
  }

  private askTemplate(): Promise<TemplateView> {
    return this.orStop(this.options.ledger.template({ miner: this.options.address }));
  }

  private async submit(work: Work, { variant, nonce }: FoundNonce): Promise<void> {
    const { blockId, request } = work.solution(variant, nonce);
    this.ownId = blockId;
    this.pacer.blockMade();
    try {
      const { id, height } = await this.orStop(this.options.ledger.submitSolution(request));
      this.counts.blocks += 1;
      this.lastBlock = { id, height };
      this.options.logger?.info(
        { height, id, transactions: work.template.transactionCount },
        'mined a block',
      );
    } catch (error) {
      if (!(error instanceof AppError) || error.code !== 'ledger/refused') throw error;
      const violation = error.data['violation'] as Violation | undefined;
      if (violation !== undefined && STALE_RULES.includes(violation.rule)) {
        this.counts.stale += 1;
        this.options.logger?.debug({ violation }, 'a solution came too late');
        return;
      }
      this.counts.refused += 1;
      const why = violation === undefined ? error.message : violationToText(violation);
      this.options.logger?.warn({ violation }, `the node refused a solution: ${why}`);
      // Without a pause a rule that node and miner see differently would be tried as fast as it can be searched.
      await this.backOff.pause(this.stopping.signal);
    }
  }

  /** Ends the round as soon as the chain moves under it. */
  private async watchTip(): Promise<void> {
    const { signal } = this.stopping;
    const backOff = createBackOff(200, 5_000);
    while (!signal.aborted) {
      try {
        for await (const event of this.options.ledger.follow({}, signal)) {
          backOff.succeeded();
          if (event.type === 'transaction' || (event.type === 'block' && event.blockId === this.ownId))
            continue;
          this.pacer.blockMade();
          this.nextTemplate = undefined;
          this.round.abort();
        }
      } catch (error) {
        if (signal.aborted) return;
        if (!(error instanceof AppError)) throw error;
        this.options.logger?.debug({ err: error }, 'the event stream broke off');
      }
      // Without events a template lives until it is refreshed, so this may take its time.
      await backOff.pause(signal);
    }
  }

  /** An answer, unless the miner is stopped first: a node that hangs must not hold the process. */
  private async orStop<T>(answer: Promise<T>): Promise<T> {
    const { signal } = this.stopping;
    let stop: () => void = () => undefined;
    const stopped = new Promise<never>((_, reject) => {
      stop = () => reject(signal.reason);
      signal.addEventListener('abort', stop, { once: true });
    });
    try {
      return await Promise.race([answer, stopped]);
    } finally {
      signal.removeEventListener('abort', stop);
    }
  }

  private waitForNode(error: AppError): void {
    if (this.state !== 'away') this.options.logger?.warn({ err: error }, 'cannot mine now; trying again');
    this.state = 'away';
  }

  private nodeAnswered(): void {
    if (this.state === 'away') this.options.logger?.info('mining goes on');
    this.backOff.succeeded();
  }
}

/** Whether a template pays at least a hundredth more than another: less is not worth starting anew. */
function paysMore(fresh: TemplateView, current: TemplateView): boolean {
  const before = BigInt(current.fees);
  return BigInt(fresh.fees) > before + before / 100n;
}

/** 2^256 / (target + 1): how many hashes one below the target takes on average. */
function hashesPerBlock({ targetHex }: TemplateView): bigint {
  return 2n ** 256n / (BigInt(`0x${targetHex}`) + 1n);
}

/** Resolves once the signal has aborted. */
function aborted(signal: AbortSignal): Promise<undefined> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve(undefined);
    else signal.addEventListener('abort', () => resolve(undefined), { once: true });
  });
}
